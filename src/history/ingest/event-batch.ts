import {decodeEvent, type EntityKind} from './decode-event.js';
import {foldEntity} from './fold-entity.js';
import {isOfNoTask, type TaskKey} from './task-key.js';
import {addTaskEvent, createTaskFacts, type NewTaskFacts} from './task-facts.js';
import {DamageError, type JsonObject} from './wire-values.js';

/** One event or line that was left out. */
export interface Damage {
	/** File, or "collected" for what was posted. */
	readonly source: string;
	/** Line, or the event's id. */
	readonly place: string;
	readonly reason: string;
}

export interface EntityEvent {
	readonly kind: EntityKind;
	readonly entityId: string;
	readonly clock: string;
	readonly payload: {readonly member: string; readonly body: JsonObject};
}

/** Decoded events of one session, gathered by what they are about. */
export class EventBatch {
	readonly tasks = new Map<string, NewTaskFacts>();
	readonly entityEvents: EntityEvent[] = [];
	readonly damages: Damage[] = [];
	eventCount = 0;
	/** Of all events; "" before the first. */
	firstNs = '';
	lastNs = '';

	/** True when nothing would change by writing it. */
	get isEmpty(): boolean {
		return this.eventCount === 0 && this.damages.length === 0;
	}

	/** Takes one event from JSON; what cannot be taken is noted under `source` and `place`. */
	add(raw: unknown, source: string, place: string): void {
		try {
			this.#add(raw);
		} catch (error) {
			if (!(error instanceof DamageError)) throw error;
			this.damages.push({source, place, reason: error.message});
		}
	}

	#add(raw: unknown): void {
		const event = decodeEvent(raw);
		this.eventCount += 1;
		const {timestampNs} = event;
		if (timestampNs !== '0') {
			if (this.firstNs === '' || timestampNs < this.firstNs) this.firstNs = timestampNs;
			if (timestampNs > this.lastNs) this.lastNs = timestampNs;
		}

		switch (event.type) {
			case 'entity-reported':
				// Reads every id and time in it, so that nothing is stored which later cannot be read.
				foldEntity(event.kind, event.entityId, [{clock: event.clock, ...event.payload}]);
				this.entityEvents.push(event);
				return;
			case 'task-defined':
				this.#factsOf(event.definition, facts => addTaskEvent(facts, event));
				return;
			case 'task-changed':
				this.#factsOf(event.change, facts => addTaskEvent(facts, event));
				return;
			case 'task-profiled':
				this.#factsOf(event.profile, facts => addTaskEvent(facts, event));
		}
	}

	#factsOf(key: TaskKey, use: (facts: NewTaskFacts) => void): void {
		if (isOfNoTask(key)) return;
		const name = `${key.taskId}/${key.attempt}`;
		let facts = this.tasks.get(name);
		if (facts === undefined) {
			facts = {
				...createTaskFacts(),
				taskId: key.taskId,
				attempt: key.attempt,
				jobId: key.jobId,
				definition: undefined,
			};
			this.tasks.set(name, facts);
		}

		use(facts);
	}
}
