import type {Tensor} from 'onnxruntime-node';
import {InfinisstError} from '../../errors.js';
import type {OnnxSession, Tensors} from '../onnx-session.js';
import type {StepRunner} from './step-queue.js';

/** A context of an exported model. */
export interface ExportedContext {
	/** All of its tokens. */
	readonly tokens: number[];
	readonly length: number;
	/** What the graph gave last, for all of them; undefined if they must be computed again. */
	past: Tensors | undefined;
}

const PAST = /^past_key_values\.\d+\.(?:key|value)$/;

/**
 * Runs a graph as others export them (optimum, onnx-community): `input_ids`, `attention_mask`, perhaps `position_ids`, and
 * `past_key_values.*` that come back as `present.*`. Its keys hold their positions and are copied at every step, so one
 * context is run at a time, and tokens that are taken out cost the computing of all that remain.
 */
export class ExportedGraph implements StepRunner<ExportedContext> {
	readonly #session: OnnxSession;
	readonly #past: readonly {readonly name: string; readonly heads: number; readonly headSize: number}[];
	readonly #contexts = new Set<ExportedContext>();

	/**
	 * @param place - named in messages.
	 * @throws {InfinisstError} `MODEL_UNSUPPORTED` for graphs of another layout.
	 */
	constructor(session: OnnxSession, place: string) {
		this.#session = session;
		this.#past = session.inputs
			.filter(({name}) => PAST.test(name))
			.map(({name, type, shape}) => {
				const [, heads, , headSize] = shape;
				if (type !== 'float32' || typeof heads !== 'number' || typeof headSize !== 'number') {
					throw new InfinisstError(
						'MODEL_UNSUPPORTED',
						`${place} keeps "${name}" as ${type} [${shape.join(', ')}]`,
						{
							hint: 'Take an export with a float32 cache of known sizes, such as model_q4.onnx or model_quantized.onnx.',
						},
					);
				}
				return {name, heads, headSize};
			});
		if (this.#past.length === 0 || !session.inputs.some(({name}) => name === 'input_ids')) {
			throw new InfinisstError('MODEL_UNSUPPORTED', `${place} is no language model with a cache`, {
				hint: 'Take an export with "past_key_values" inputs ("text-generation-with-past").',
			});
		}
	}

	get byteLength(): number {
		return [...this.#contexts].reduce((sum, context) => sum + this.bytesOf(context), 0);
	}

	bytesOf({past}: ExportedContext): number {
		return Object.values(past ?? {}).reduce((sum, tensor) => sum + tensor.size * 4, 0);
	}

	add(): ExportedContext {
		return this.#create([], undefined);
	}

	fork({tokens, past}: ExportedContext): ExportedContext {
		return this.#create([...tokens], past);
	}

	remove(context: ExportedContext): void {
		this.#contexts.delete(context);
		context.past = undefined;
	}

	dropSpan(context: ExportedContext, from: number, to: number): void {
		context.tokens.splice(from, to - from);
		context.past = undefined;
	}

	cut(context: ExportedContext, length: number): void {
		if (length === context.length) return;
		context.tokens.length = length;
		context.past = undefined;
	}

	/** Of one context only. */
	async step(
		[context]: readonly [ExportedContext],
		[tokens]: readonly [readonly number[]],
	): Promise<Float32Array[]> {
		const cached = context.past === undefined ? 0 : context.tokens.length;
		const fed = cached === 0 ? [...context.tokens, ...tokens] : tokens;
		const results = await this.#session.run(this.#inputs(context, fed, cached));
		const past: Record<string, Tensor> = {};
		for (const {name} of this.#past) past[name] = results[name.replace('past_key_values', 'present')]!;
		context.past = past;
		context.tokens.push(...tokens);
		const logits = results['logits']!;
		const vocabularySize = logits.dims.at(-1)!;
		return [(logits.data as Float32Array).slice(-vocabularySize)];
	}

	#create(tokens: number[], past: Tensors | undefined): ExportedContext {
		const context = {
			tokens,
			past,
			get length(): number {
				return tokens.length;
			},
		};
		this.#contexts.add(context);
		return context;
	}

	#inputs({past}: ExportedContext, fed: readonly number[], cached: number): Tensors {
		const session = this.#session;
		const count = fed.length;
		const positions = fed.map((_, index) => cached + index);
		const known: Record<string, () => Tensor> = {
			input_ids: () => session.integers(fed, [1, count]),
			attention_mask: () => session.integers(new Array<number>(cached + count).fill(1), [1, cached + count]),
			position_ids: () => session.integers(positions, [1, count]),
			num_logits_to_keep: () => session.integers([1], []),
		};
		const inputs: Record<string, Tensor> = {};
		for (const {name} of session.inputs) {
			const make = known[name];
			if (make !== undefined) inputs[name] = make();
		}
		for (const {name, heads, headSize} of this.#past) {
			inputs[name] = past?.[name] ?? session.floats(new Float32Array(0), [1, heads, 0, headSize]);
		}
		return inputs;
	}
}
