/**
 * The schema, one step a version: `user_version` counts the steps that a file has been through. Steps are
 * never changed once released, only added to; there is no way back.
 *
 * Ids are blobs: hex text would take twice the bytes, in the tables and in every index.
 */
export const MIGRATIONS: readonly string[] = [
	`
	CREATE TABLE cluster (
		id INTEGER PRIMARY KEY,
		namespace TEXT NOT NULL,
		name TEXT NOT NULL,
		owner_kind TEXT NOT NULL,
		owner_name TEXT NOT NULL,
		token_hash TEXT,
		UNIQUE (namespace, name, owner_kind, owner_name)
	);

	CREATE TABLE session (
		id INTEGER PRIMARY KEY,
		cluster_id INTEGER NOT NULL REFERENCES cluster ON DELETE CASCADE,
		name TEXT NOT NULL,
		first_ms INTEGER,
		last_ms INTEGER,
		revision INTEGER NOT NULL DEFAULT 0,
		is_kept INTEGER NOT NULL DEFAULT 0,
		UNIQUE (cluster_id, name)
	);

	-- What many tasks share: function, resources, runtime environment.
	CREATE TABLE shape (
		id INTEGER PRIMARY KEY,
		session_id INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
		key BLOB NOT NULL,
		type INTEGER NOT NULL,
		function_name TEXT NOT NULL COLLATE NOCASE,
		language TEXT NOT NULL COLLATE NOCASE,
		json TEXT NOT NULL,
		UNIQUE (session_id, key)
	);

	CREATE TABLE task (
		id INTEGER PRIMARY KEY,
		session_id INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
		task_id BLOB NOT NULL,
		attempt INTEGER NOT NULL,
		job_id BLOB NOT NULL,
		-- Without a definition a task has no shape and stays hidden. No foreign key: deleting a session would
		-- look for the tasks of each of its shapes, and an index for that costs each insert.
		shape_id INTEGER,
		type INTEGER,
		name TEXT COLLATE NOCASE,
		-- Where the actor's own name takes the place of the class.
		display_name TEXT COLLATE NOCASE,
		parent_task_id BLOB,
		actor_id BLOB,
		placement_group_id BLOB,
		node_id BLOB,
		worker_id BLOB,
		worker_pid INTEGER,
		state INTEGER NOT NULL,
		error_type TEXT COLLATE NOCASE,
		is_paused INTEGER,
		creation_ms INTEGER,
		-- Neither FINISHED nor FAILED was reported.
		is_open INTEGER NOT NULL,
		-- Set where the worker's death or the job's end failed it: [nanoseconds, message].
		mark TEXT,
		facts TEXT NOT NULL
	);
	-- Each ends in the order of the lists, else a list would be read in that order and filtered.
	CREATE UNIQUE INDEX task_key ON task (session_id, task_id, attempt DESC);
	CREATE INDEX task_job ON task (session_id, job_id, task_id, attempt DESC);
	CREATE INDEX task_state ON task (session_id, state, task_id, attempt DESC);
	CREATE INDEX task_name ON task (session_id, name, task_id, attempt DESC);
	CREATE INDEX task_worker ON task (session_id, worker_id);
	CREATE INDEX task_actor ON task (session_id, actor_id) WHERE actor_id IS NOT NULL;

	-- Everything reported of actors, nodes, workers, jobs and the like, and what it comes to.
	CREATE TABLE entity_event (
		session_id INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
		kind TEXT NOT NULL,
		entity_id TEXT NOT NULL,
		clock TEXT NOT NULL,
		json TEXT NOT NULL,
		PRIMARY KEY (session_id, kind, entity_id, clock)
	) WITHOUT ROWID;
	CREATE TABLE entity (
		session_id INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
		kind TEXT NOT NULL,
		entity_id TEXT NOT NULL,
		json TEXT NOT NULL,
		PRIMARY KEY (session_id, kind, entity_id)
	) WITHOUT ROWID;

	-- Answers of the live head, kept as they came.
	CREATE TABLE snapshot (
		session_id INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
		path TEXT NOT NULL,
		query TEXT NOT NULL,
		fetched_ms INTEGER NOT NULL,
		body TEXT NOT NULL,
		PRIMARY KEY (session_id, path, query)
	) WITHOUT ROWID;

	CREATE TABLE log_file (
		id INTEGER PRIMARY KEY,
		session_id INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
		node_id TEXT NOT NULL,
		path TEXT NOT NULL,
		size INTEGER NOT NULL,
		UNIQUE (session_id, node_id, path)
	);
	CREATE TABLE log_chunk (
		id INTEGER PRIMARY KEY,
		file_id INTEGER NOT NULL REFERENCES log_file ON DELETE CASCADE,
		offset INTEGER NOT NULL,
		length INTEGER NOT NULL,
		data BLOB NOT NULL,
		UNIQUE (file_id, offset)
	);

	-- Lines of the files that Ray's own event page shows.
	CREATE TABLE log_event (
		session_id INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
		event_id TEXT NOT NULL,
		job_id TEXT NOT NULL,
		timestamp TEXT NOT NULL,
		json TEXT NOT NULL,
		PRIMARY KEY (session_id, event_id)
	) WITHOUT ROWID;

	-- How far each file of an import was read, and what in it was damaged.
	CREATE TABLE import_file (
		session_id INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
		path TEXT NOT NULL,
		size INTEGER NOT NULL,
		modified_ms INTEGER NOT NULL,
		lines_read INTEGER NOT NULL,
		is_complete INTEGER NOT NULL,
		PRIMARY KEY (session_id, path)
	) WITHOUT ROWID;
	CREATE TABLE damage (
		session_id INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
		source TEXT NOT NULL,
		place TEXT NOT NULL,
		reason TEXT NOT NULL,
		PRIMARY KEY (session_id, source, place)
	) WITHOUT ROWID;

	-- Searched text: each distinct name and error once, and each piece of a log file.
	CREATE TABLE search_entry (
		id INTEGER PRIMARY KEY,
		session_id INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
		kind TEXT NOT NULL,
		reference TEXT NOT NULL,
		UNIQUE (session_id, kind, reference)
	);
	CREATE VIRTUAL TABLE search_text USING fts5 (text, content = '', contentless_delete = 1, tokenize = "unicode61 tokenchars '_'");
	CREATE TRIGGER search_entry_deleted AFTER DELETE ON search_entry BEGIN
		DELETE FROM search_text WHERE rowid = old.id;
	END;
	`,
	`
	-- Live streams whose clients may come back after the server was killed.
	CREATE TABLE stream (
		id TEXT PRIMARY KEY,
		token_hash TEXT NOT NULL UNIQUE,
		saved_ms INTEGER NOT NULL,
		facts TEXT NOT NULL,
		segments INTEGER NOT NULL DEFAULT 0,
		source_language TEXT,
		checkpoint BLOB
	) WITHOUT ROWID;
	CREATE TABLE stream_final (
		stream_id TEXT NOT NULL REFERENCES stream ON DELETE CASCADE,
		ordinal INTEGER NOT NULL,
		seq INTEGER NOT NULL,
		json TEXT NOT NULL,
		PRIMARY KEY (stream_id, ordinal)
	) WITHOUT ROWID;
	`,
	`
	-- Where the head of a session answers, and when it last did.
	ALTER TABLE session ADD COLUMN head_address TEXT;
	ALTER TABLE session ADD COLUMN head_seen_ms INTEGER;

	-- Which file on the disk a log is followed in, whatever its name is by now.
	ALTER TABLE log_file ADD COLUMN identity TEXT;
	`,
	`
	-- Lists are counted first: with what decides whether a task is listed in the index, no row is read for
	-- it. That of the job has all that a summary asks for.
	DROP INDEX task_job;
	DROP INDEX task_state;
	DROP INDEX task_name;
	CREATE INDEX task_job ON task (session_id, job_id, task_id, attempt DESC, type, state, name, display_name, shape_id)
		WHERE shape_id IS NOT NULL;
	CREATE INDEX task_state ON task (session_id, state, task_id, attempt DESC, type, shape_id)
		WHERE shape_id IS NOT NULL;
	CREATE INDEX task_name ON task (session_id, name, task_id, attempt DESC, type, display_name, shape_id)
		WHERE shape_id IS NOT NULL;
	CREATE INDEX task_node ON task (session_id, node_id) WHERE node_id IS NOT NULL;
	-- What the end of a job fails, listed or not.
	CREATE INDEX task_open ON task (session_id, job_id) WHERE is_open = 1;

	-- How many rows share the first columns of each index, as in a large session: without it SQLite takes a
	-- session for ten rows, and the widest index for as good as that of the column that is asked for.
	ANALYZE;
	DELETE FROM sqlite_stat1;
	INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
		('task', 'task_key', '1000000 100000 1 1'),
		('task', 'task_job', '1000000 100000 50000 1 1 1 1 1 1 1'),
		('task', 'task_state', '1000000 100000 10000 1 1 1 1'),
		('task', 'task_name', '1000000 100000 2000 1 1 1 1 1'),
		('task', 'task_worker', '1000000 100000 1000'),
		('task', 'task_actor', '100000 10000 100'),
		('task', 'task_node', '1000000 100000 30000'),
		('task', 'task_open', '1000 1000 300');
	ANALYZE sqlite_schema;
	`,
];
