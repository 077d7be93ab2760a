import {InfinisstError} from '../../errors.js';
import type {TextTranslator} from '../../translation/text/text-translator.js';
import {systemClock, type Clock} from '../../util/clock.js';
import {assertSessionOptions} from '../assert-session-options.js';
import type {
	BatchSettings,
	Engine,
	EngineCapabilities,
	EngineSession,
	OpenSessionOptions,
	ReplicaStatistics,
	SessionOptions,
} from '../engine.js';
import {ChainSession, type ChainState} from './chain-session.js';
import {listTargets, routeTarget, type TargetRoute} from './route-target.js';
import {glossaryOf} from '../../translation/text/settle-glossary.js';
import {TargetWriter} from '../../translation/text/target-writer.js';

export interface ChainEngineOptions {
	readonly id: string;
	/** What hears; the chain's from now on. */
	readonly speech: Engine;
	/** What translates its text, those preferred first; the chain's from now on. */
	readonly translators: readonly TextTranslator[];
	/** As people name it. @default the names of its models, joined by `+` */
	readonly model?: string;
	/** What the translators counted, by name: told with the guards of the replica. @default nothing */
	readonly counts?: ReadonlyMap<string, number>;
	readonly clock?: Clock;
}

/**
 * Joins an engine that hears with models that translate its text: one recognition of what is said, and as many
 * translations of it as are asked for.
 */
export function chainEngine(options: ChainEngineOptions): Engine {
	return new ChainEngine(options);
}

class ChainEngine implements Engine {
	readonly contractVersion = 1;
	readonly id: string;
	readonly capabilities: EngineCapabilities;
	readonly #speech: Engine;
	readonly #translators: readonly TextTranslator[];
	readonly #counts: ReadonlyMap<string, number>;
	readonly #clock: Clock;
	readonly #sessions = new Map<string, ChainSession>();
	readonly #over = new Set<Promise<void>>();
	#count = 0;
	#freeing: Promise<void> | undefined;

	constructor({id, speech, translators, model, counts = new Map(), clock = systemClock}: ChainEngineOptions) {
		this.id = id;
		this.#speech = speech;
		this.#translators = translators;
		this.#counts = counts;
		this.#clock = clock;
		const names = [speech, ...translators].map(({capabilities}) => capabilities.model);
		this.capabilities = {
			...speech.capabilities,
			model: model ?? names.join('+'),
			targets: listTargets(speech.capabilities, translators),
		};
	}

	async openSession(options: SessionOptions, open: OpenSessionOptions = {}): Promise<EngineSession> {
		const {checkpoint, id = `${this.id}-${this.#count++}`} = open;
		assertSessionOptions(options, this.capabilities);
		const {targets, partials = true, words = false} = options;
		const routes = targets.map(target =>
			routeTarget({source: options.sourceLanguage, target}, this.#speech.capabilities, this.#translators),
		);
		const translated = routes.filter(({text}) => text !== undefined);
		const told = new Set(routes.filter(({text}) => text === undefined).map(({heard}) => heard));
		const state = checkpoint?.state as ChainState | undefined;
		const speech = await this.#speech.openSession(
			{
				...options,
				targets: [...new Set(routes.map(({heard}) => heard))],
				partials: partials && told.size > 0,
				words: words || translated.length > 0,
			},
			{...open, id, ...(checkpoint !== undefined && {checkpoint: {...checkpoint, state: state!.speech}})},
		);
		const writers: TargetWriter[] = [];
		try {
			for (const [index, route] of translated.entries()) {
				writers.push(openWriter(route, options, state?.writers[index]));
			}
		} catch (error) {
			for (const writer of writers) writer.close();
			speech.destroy(error);
			throw error;
		}
		return this.#start(id, {speech, writers, told, words, checkpoint});
	}

	async statistics(): Promise<readonly ReplicaStatistics[]> {
		const replicas = await this.#speech.statistics();
		return replicas.map(replica => ({
			...replica,
			id: this.id,
			model: this.capabilities.model,
			guards: {...replica.guards, ...Object.fromEntries(this.#counts)},
			sessions: replica.sessions.map(session => {
				const chain = this.#sessions.get(session.id);
				if (chain === undefined) return session;
				const workPerSecondMs = session.workPerSecondMs + chain.workPerSecondMs;
				return {...session, lagMs: chain.lagMs, workPerSecondMs};
			}),
		}));
	}

	configure(settings: Partial<BatchSettings>): Promise<BatchSettings> {
		return this.#speech.configure(settings);
	}

	async close(): Promise<void> {
		await this.#speech.close();
		await this.#free();
	}

	async destroy(
		reason: unknown = new InfinisstError('RESOURCE_CLOSED', `The engine ${this.id} was closed`),
	): Promise<void> {
		for (const session of this.#sessions.values()) session.destroy(reason);
		await this.#speech.destroy(reason);
		await this.#free();
	}

	#start(
		id: string,
		parts: Pick<
			ConstructorParameters<typeof ChainSession>[0],
			'speech' | 'writers' | 'told' | 'words' | 'checkpoint'
		>,
	): ChainSession {
		let onOver!: () => void;
		const over = new Promise<void>(resolve => (onOver = resolve));
		this.#over.add(over);
		const session = new ChainSession({
			...parts,
			clock: this.#clock,
			onOver: () => {
				this.#sessions.delete(id);
				this.#over.delete(over);
				onOver();
			},
		});
		this.#sessions.set(id, session);
		return session;
	}

	#free(): Promise<void> {
		this.#freeing ??= (async () => {
			await Promise.all(this.#over);
			await Promise.all(this.#translators.map(translator => translator.close()));
		})();
		return this.#freeing;
	}
}

function openWriter(
	{target, heard, text}: TargetRoute,
	{
		sourceLanguage: spokenLanguage,
		latencyMultiplier = 2,
		partials = true,
		words = false,
		glossary = [],
	}: SessionOptions,
	state: ChainState['writers'][number] | undefined,
): TargetWriter {
	const {translator, sourceLanguage} = text!;
	return new TargetWriter(
		{
			target,
			spokenLanguage,
			heard,
			open: saved =>
				translator.open(
					{sourceLanguage, target, latencyMultiplier, glossary: glossaryOf(target, glossary)},
					saved,
				),
			partials,
			words,
		},
		state,
	);
}
