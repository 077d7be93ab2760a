import {decodeEvent, type EntityKind} from './decode-event.js';
import {foldEntity} from './fold-entity.js';
import {isOfNoTask, type TaskKey} from './task-key.js';
import type {TaskEvent} from './task-facts.js';
import {recordTask, type TaskEvents, type TaskRecord} from './task-record.js';
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

/** What a batch of events comes to, in a form that goes from thread to thread. */
export interface EventGroup {
	/** In the order of their ids: rows that lie beside each other are written one after the other. */
	readonly taskRecords: readonly TaskRecord[];
	readonly entityEvents: readonly EntityEvent[];
	readonly damages: readonly Damage[];
	readonly eventCount: number;
	/** Nanoseconds of all events; "" where there is none. */
	readonly firstNs: string;
	readonly lastNs: string;
}

/** Decoded events of one session, gathered by what they are about. */
export class EventBatch implements EventGroup {
	/** Events as they are: what they come to is many small objects, made for one task after the other. */
	readonly #tasks = new Map<string, TaskEvents>();
	readonly entityEvents: EntityEvent[] = [];
	readonly damages: Damage[] = [];
	eventCount = 0;
	firstNs = '';
	lastNs = '';

	/** True when nothing would change by writing it. */
	get isEmpty(): boolean {
		return this.eventCount === 0 && this.damages.length === 0;
	}

	get taskRecords(): readonly TaskRecord[] {
		return sortTasks(Array.from(this.#tasks.values(), recordTask));
	}

	/** The same as plain data. */
	toGroup(): EventGroup {
		const {taskRecords, entityEvents, damages, eventCount, firstNs, lastNs} = this;
		return {taskRecords, entityEvents, damages, eventCount, firstNs, lastNs};
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
				this.#addTo(event.definition, event);
				return;
			case 'task-changed':
				this.#addTo(event.change, event);
				return;
			case 'task-profiled':
				this.#addTo(event.profile, event);
		}
	}

	#addTo(key: TaskKey, event: TaskEvent): void {
		if (isOfNoTask(key)) return;
		const name = `${key.taskId}/${key.attempt}`;
		const task = this.#tasks.get(name);
		if (task === undefined) this.#tasks.set(name, {key, events: [event]});
		else task.events.push(event);
	}
}

/** All that several groups come to. An attempt may be in more than one of them, and then is so in the result. */
export function joinEventGroups(groups: readonly EventGroup[]): EventGroup {
	const firsts = groups.map(({firstNs}) => firstNs).filter(ns => ns !== '');
	return {
		taskRecords: sortTasks(groups.flatMap(({taskRecords}) => taskRecords)),
		entityEvents: groups.flatMap(({entityEvents}) => entityEvents),
		damages: groups.flatMap(({damages}) => damages),
		eventCount: groups.reduce((sum, {eventCount}) => sum + eventCount, 0),
		firstNs: firsts.reduce((first, ns) => (ns < first ? ns : first), firsts[0] ?? ''),
		lastNs: groups.reduce((last, {lastNs}) => (lastNs > last ? lastNs : last), ''),
	};
}

function sortTasks(records: TaskRecord[]): TaskRecord[] {
	return records.sort((a, b) => (a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : a.attempt - b.attempt));
}
