import type {EntityKind} from '../ingest/decode-event.js';
import type {EntityRecords} from '../ingest/entity-records.js';
import type {EntityEvent} from '../ingest/event-batch.js';
import {foldEntity, type EntityReport} from '../ingest/fold-entity.js';
import type {JsonObject} from '../ingest/wire-values.js';
import type {SqliteDatabase, SqliteStatement} from './sqlite-database.js';

/** At most this many records are held for lookups while tasks are settled. */
const MAX_CACHED_RECORDS = 50_000;

/** Writes what is reported of actors, nodes, workers, jobs and the like, and what it comes to. */
export class EntityWriter {
	readonly #insertEvent: SqliteStatement;
	readonly #findEvents: SqliteStatement;
	readonly #put: SqliteStatement;
	readonly #find: SqliteStatement;
	readonly #cache = new Map<string, EntityRecords[EntityKind] | null>();

	constructor(database: SqliteDatabase) {
		this.#insertEvent = database.prepare(
			'INSERT INTO entity_event (session_id, kind, entity_id, clock, json) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
		);
		this.#findEvents = database.prepare(
			'SELECT clock, json FROM entity_event WHERE session_id = ? AND kind = ? AND entity_id = ? ORDER BY clock',
		);
		this.#put = database.prepare(
			'INSERT INTO entity (session_id, kind, entity_id, json) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json',
		);
		this.#find = database.prepare(
			'SELECT json FROM entity WHERE session_id = ? AND kind = ? AND entity_id = ?',
		);
	}

	/** Forgets everything: another process, or a transaction that was undone, may have changed it. */
	forget(): void {
		this.#cache.clear();
	}

	/** @returns the ids of those of which something new was said, by kind. */
	write(sessionId: number, events: Iterable<EntityEvent>): ReadonlyMap<EntityKind, ReadonlySet<string>> {
		const changed = new Map<EntityKind, Set<string>>();
		for (const {kind, entityId, clock, payload} of events) {
			const json = JSON.stringify([payload.member, payload.body]);
			if (this.#insertEvent.run(sessionId, kind, entityId, clock, json).changes === 0) continue;
			const ids = changed.get(kind) ?? new Set();
			changed.set(kind, ids.add(entityId));
		}

		for (const [kind, ids] of changed) for (const entityId of ids) this.#refold(sessionId, kind, entityId);
		return changed;
	}

	find<Kind extends EntityKind>(
		sessionId: number,
		kind: Kind,
		entityId: string,
	): EntityRecords[Kind] | undefined {
		const key = `${sessionId} ${kind} ${entityId}`;
		let record = this.#cache.get(key);
		if (record === undefined) {
			const row = this.#find.get(sessionId, kind, entityId) as {json: string} | undefined;
			record = row === undefined ? null : (JSON.parse(row.json) as EntityRecords[Kind]);
			this.#remember(key, record);
		}

		return (record as EntityRecords[Kind] | null) ?? undefined;
	}

	#refold(sessionId: number, kind: EntityKind, entityId: string): void {
		const rows = this.#findEvents.all(sessionId, kind, entityId) as {clock: string; json: string}[];
		const reports = rows.map(({clock, json}): EntityReport => {
			const [member, body] = JSON.parse(json) as [string, JsonObject];
			return {clock, member, body};
		});
		const record = foldEntity(kind, entityId, reports);
		this.#put.run(sessionId, kind, entityId, JSON.stringify(record));
		this.#remember(`${sessionId} ${kind} ${entityId}`, record);
	}

	#remember(key: string, record: EntityRecords[EntityKind] | null): void {
		if (this.#cache.size >= MAX_CACHED_RECORDS) this.#cache.clear();
		this.#cache.set(key, record);
	}
}
