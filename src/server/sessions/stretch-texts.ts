import type {SessionEvent} from '../../core/session/session-event.js';
import type {TargetText} from './session-host.js';

const NOTHING: TargetText = {final: '', partial: ''};

/**
 * What was said in a stretch, by target. The texts of a stretch that has ended stay until something is said in the
 * next one. As long as the audio a session may have, at 60 KB an hour of speech.
 */
export class StretchTexts {
	readonly #texts = new Map<string, TargetText>();
	#hasEnded = false;

	of(target: string): TargetText {
		return this.#texts.get(target) ?? NOTHING;
	}

	take(event: SessionEvent): void {
		switch (event.type) {
			case 'text-final':
				this.#begin();
				// What was likely to follow has come, or the next partial says what still will.
				this.#texts.set(event.target, {final: this.of(event.target).final + event.text, partial: ''});
				break;
			case 'text-partial':
				if (event.text !== '') this.#begin();
				if (!this.#hasEnded) {
					this.#texts.set(event.target, {final: this.of(event.target).final, partial: event.text});
				}
				break;
			case 'segment-ended':
				this.#dropPartial(event.target);
				break;
			case 'stretch-ended':
			case 'session-ended':
				for (const target of this.#texts.keys()) this.#dropPartial(target);
				this.#hasEnded = true;
				break;
			case 'language-detected':
			case 'lag-measured':
			case 'warning-raised':
		}
	}

	clear(): void {
		this.#texts.clear();
		this.#hasEnded = false;
	}

	#dropPartial(target: string): void {
		this.#texts.set(target, {final: this.of(target).final, partial: ''});
	}

	#begin(): void {
		if (this.#hasEnded) this.clear();
	}
}
