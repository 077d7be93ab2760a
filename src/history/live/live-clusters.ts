import type {HistoryStore} from '../store/history-store.js';
import type {ClusterKey, SessionSummary} from '../store/history-types.js';

/** A head that somebody who runs this server has named. */
export interface ConfiguredHead {
	readonly namespace: string;
	readonly name: string;
	/** "http://head:8265", without a slash at the end. */
	readonly address: string;
}

/** A cluster whose head can be asked. */
export interface LiveCluster {
	readonly cluster: ClusterKey;
	readonly address: string;
	/** Ray's own token, sent to the head; "" for none. */
	readonly token: string;
	/** When its session began, milliseconds since 1970; null where the history does not know. */
	readonly firstMs: number | null;
}

/** Those that were named, and what they ask for. */
export interface LiveHeads {
	readonly configured: readonly ConfiguredHead[];
	/** Ray's own, by "namespace/name". */
	readonly tokens?: ReadonlyMap<string, string>;
}

export interface LiveClustersOptions extends LiveHeads {
	readonly store: HistoryStore;
	/** @returns milliseconds since 1970. */
	readonly now: () => number;
}

/** A collector asks each head every ten seconds; one that was not heard of for so long is not shown as alive. */
const SHOWN_MS = 2 * 60_000;

/** Knows which clusters are alive, and where: those that were named, and those that a collector asks. */
export class LiveClusters {
	readonly #options: LiveClustersOptions;

	constructor(options: LiveClustersOptions) {
		this.#options = options;
	}

	/** Named ones, and those whose head answered lately. */
	list(): readonly LiveCluster[] {
		const {configured, now} = this.#options;
		const named = configured.map(head => this.#describe(head));
		const isNamed = ({cluster}: LiveCluster) => named.some(other => keyOf(other.cluster) === keyOf(cluster));
		const since = now() - SHOWN_MS;
		const collected = this.#newestCollected()
			.filter(({headSeenMs}) => headSeenMs !== null && headSeenMs >= since)
			.map(session => this.#describeCollected(session))
			.filter(live => !isNamed(live));
		return [...named, ...collected];
	}

	/** Also one that was not heard of lately: asked for by its name it is tried. */
	find(namespace: string, name: string, kind?: string): LiveCluster | undefined {
		const fits = ({cluster}: {readonly cluster: ClusterKey}) =>
			cluster.namespace === namespace &&
			cluster.name === name &&
			(kind === undefined || cluster.ownerKind.toLowerCase() === kind.toLowerCase());
		const named = this.#options.configured.map(head => this.#describe(head)).find(fits);
		if (named !== undefined) return named;
		const collected = this.#newestCollected().find(fits);
		return collected === undefined ? undefined : this.#describeCollected(collected);
	}

	/** Where the history of a cluster is, once its head is gone. */
	lastSession({namespace, name}: ClusterKey): SessionSummary | undefined {
		return this.#sessionsOf(namespace, name)[0];
	}

	/**
	 * Whether the token opens everything that the history keeps under this name: a cluster may be known there
	 * under several owners.
	 */
	mayRead({cluster}: LiveCluster, token: string): boolean {
		const keys = [
			cluster,
			...this.#sessionsOf(cluster.namespace, cluster.name).map(session => session.cluster),
		];
		return keys.every(key => this.#options.store.mayRead(key, token));
	}

	#describe({namespace, name, address}: ConfiguredHead): LiveCluster {
		const last = this.#sessionsOf(namespace, name)[0];
		const cluster = last?.cluster ?? {namespace, name, ownerKind: 'raycluster', ownerName: ''};
		return {cluster, address, token: this.#tokenOf(cluster), firstMs: null};
	}

	#describeCollected({cluster, headAddress, firstMs}: SessionSummary): LiveCluster {
		return {cluster, address: headAddress ?? '', token: this.#tokenOf(cluster), firstMs};
	}

	/** Of each cluster with a head the session whose head was heard of last. */
	#newestCollected(): readonly SessionSummary[] {
		const newest = new Map<string, SessionSummary>();
		for (const session of this.#options.store.sessions()) {
			if (session.headAddress === null) continue;
			const key = keyOf(session.cluster);
			const other = newest.get(key);
			if (other === undefined || (other.headSeenMs ?? 0) < (session.headSeenMs ?? 0))
				newest.set(key, session);
		}

		return [...newest.values()];
	}

	#sessionsOf(namespace: string, name: string): readonly SessionSummary[] {
		return this.#options.store
			.sessions()
			.filter(({cluster}) => cluster.namespace === namespace && cluster.name === name);
	}

	#tokenOf({namespace, name}: ClusterKey): string {
		return this.#options.tokens?.get(`${namespace}/${name}`) ?? '';
	}
}

/** Live addresses name no owner: the first of two with the same name is meant. */
function keyOf({namespace, name}: ClusterKey): string {
	return `${namespace}/${name}`;
}
