import {createHmac, randomBytes, timingSafeEqual} from 'node:crypto';
import {InfinisstError} from '../../errors.js';

/** Counts the changes of the messages that older programs would not understand. */
export const PROTOCOL_VERSION = 1;

/** Each end says this first. JSON, so that any version can read it. */
interface Greeting {
	readonly protocol: 'infinisst';
	readonly version: number;
	/** Random, new for each connection. */
	readonly nonce: string;
}

/** Then each end shows that it has the secret, without telling it. */
interface Proof {
	readonly proof: string;
}

/**
 * The first two frames in each direction: both ends must speak the same version and have the same secret. The
 * secret itself is not sent, so that nothing is lost to whoever listens at an address in our place.
 */
export class Handshake {
	readonly #token: string;
	readonly #nonce = randomBytes(24).toString('hex');
	readonly #role: 'caller' | 'listener';
	readonly #version: number;
	#peerNonce: string | undefined;

	constructor(role: 'caller' | 'listener', token: string, version: number = PROTOCOL_VERSION) {
		this.#role = role;
		this.#token = token;
		this.#version = version;
	}

	greet(): Buffer {
		const greeting: Greeting = {protocol: 'infinisst', version: this.#version, nonce: this.#nonce};
		return Buffer.from(JSON.stringify(greeting));
	}

	/**
	 * Takes the next frame of the other end.
	 *
	 * @returns what to answer, and whether the other end is accepted.
	 * @throws {InfinisstError} `PEER_REFUSED`.
	 */
	take(frame: Buffer): {readonly answer?: Buffer; readonly isAccepted: boolean} {
		const fields = parseFields(frame);
		if (this.#peerNonce === undefined) {
			const {version, nonce} = this.#checkGreeting(fields);
			if (version !== this.#version) {
				throw new InfinisstError(
					'PEER_REFUSED',
					`The other end speaks version ${version} of our protocol, and this program version ${this.#version}`,
					{hint: 'Run the same version of infinisst at both ends.'},
				);
			}

			this.#peerNonce = nonce;
			const proof: Proof = {proof: this.#prove(this.#role).toString('hex')};
			return {answer: Buffer.from(JSON.stringify(proof)), isAccepted: false};
		}

		const {proof} = fields as Partial<Proof>;
		const given = Buffer.from(typeof proof === 'string' ? proof : '', 'hex');
		const expected = this.#prove(this.#role === 'caller' ? 'listener' : 'caller');
		if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
			throw new InfinisstError('PEER_REFUSED', 'The other end has another token', {
				hint: 'Give both ends the same one.',
			});
		}

		return {isAccepted: true};
	}

	#checkGreeting({protocol, version, nonce}: Partial<Greeting>): Greeting {
		if (protocol === 'infinisst' && typeof version === 'number' && typeof nonce === 'string') {
			return {protocol, version, nonce};
		}

		throw notOurProtocol();
	}

	/** Each end signs both nonces, so that neither can send back what the other sent. */
	#prove(role: 'caller' | 'listener'): Buffer {
		const isOwn = role === this.#role;
		const nonces = [isOwn ? this.#nonce : this.#peerNonce, isOwn ? this.#peerNonce : this.#nonce];
		return createHmac('sha256', this.#token)
			.update(JSON.stringify([role, ...nonces]))
			.digest();
	}
}

export function notOurProtocol(cause?: unknown): InfinisstError {
	return new InfinisstError('PEER_REFUSED', 'The other end does not speak our protocol', {
		hint: 'Check the address: it must be that of an infinisst worker or of what uses it.',
		cause,
	});
}

function parseFields(frame: Buffer): object {
	try {
		const fields: unknown = JSON.parse(frame.toString('utf8'));
		if (typeof fields === 'object' && fields !== null) return fields;
	} catch {
		// Told apart from other faults of a greeting by nobody.
	}
	return {};
}
