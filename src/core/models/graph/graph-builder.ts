import {writeFile} from 'node:fs/promises';
import {basename} from 'node:path';
import {
	ELEMENT_TYPES,
	encodeModel,
	type AttributeMessage,
	type ElementType,
	type NodeMessage,
	type TensorMessage,
	type ValueInfoMessage,
} from './onnx-messages.js';
import {WeightDataFile} from './weight-data-file.js';

/** ONNX operator set the graphs are written in; 20 is the first with Gelu. */
const OPERATOR_SET = 20;
const IR_VERSION = 9;

/** Tensors below this stay in the graph itself, so that shape inference can see them. */
const EXTERNAL_FROM_BYTES = 1024;

/** Name of a value in the graph. */
export type Value = string;

export type TensorData = Float32Array | Uint8Array | Int8Array | Uint16Array | Int32Array | BigInt64Array;

export type AttributeValue = number | bigint | string | readonly number[];

export interface NodeOptions {
	/** Name of the output; made up if absent. */
	readonly output?: Value;
	/** Integers are bigints or lists; a plain number is a float. */
	readonly attributes?: Readonly<Record<string, AttributeValue>>;
	/** Operator domain. @default the standard one */
	readonly domain?: string;
}

/** Contributed operators of onnxruntime, for example `MatMulNBits`. */
export const ONNXRUNTIME_DOMAIN = 'com.microsoft';

/**
 * Builds one ONNX graph, node by node in the order of execution, and writes it: small tensors inside,
 * large ones beside it in `<path>.data`.
 */
export class GraphBuilder {
	readonly #name: string;
	readonly #path: string;
	readonly #data: WeightDataFile;
	readonly #nodes: NodeMessage[] = [];
	readonly #tensors = new Map<string, TensorMessage>();
	readonly #inputs: ValueInfoMessage[] = [];
	readonly #outputs: ValueInfoMessage[] = [];
	readonly #shared = new Map<string, readonly Value[]>();
	#count = 0;

	private constructor(name: string, path: string, data: WeightDataFile) {
		this.#name = name;
		this.#path = path;
		this.#data = data;
	}

	/** @param path - of the `.onnx` file; neither it nor its `.data` may exist. */
	static async create(name: string, path: string): Promise<GraphBuilder> {
		return new GraphBuilder(name, path, await WeightDataFile.create(`${path}.data`));
	}

	/** @param shape - a name stands for a size that is known only at run time. */
	input(name: string, type: ElementType, shape: readonly (number | string)[]): Value {
		this.#inputs.push(valueInfo(name, type, shape));
		return name;
	}

	/** Declares a value, made by a node with this output name, as a result of the graph. */
	output(name: string, type: ElementType, shape: readonly (number | string)[]): void {
		this.#outputs.push(valueInfo(name, type, shape));
	}

	/** Adds a node with one output. */
	node(operator: string, inputs: readonly Value[], options: NodeOptions = {}): Value {
		return this.nodes(operator, inputs, [options.output ?? this.#newName(operator)], options)[0]!;
	}

	/** Adds a node with several outputs: their names, or how many. */
	nodes(
		operator: string,
		inputs: readonly Value[],
		outputs: number | readonly Value[],
		{attributes = {}, domain = ''}: NodeOptions = {},
	): Value[] {
		const names =
			typeof outputs === 'number'
				? Array.from({length: outputs}, () => this.#newName(operator))
				: [...outputs];
		this.#nodes.push({
			opType: operator,
			name: this.#newName(`node_${operator}`),
			input: [...inputs],
			output: names,
			domain,
			attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
		});
		return names;
	}

	/** What `make` adds, once for each key: later calls get the values of the first. */
	share(key: string, make: () => readonly Value[]): readonly Value[] {
		const known = this.#shared.get(key) ?? make();
		this.#shared.set(key, known);
		return known;
	}

	/** A constant. A name that is there already is returned as it is, so shared weights are stored once. */
	async tensor(name: string, type: ElementType, shape: readonly number[], data: TensorData): Promise<Value> {
		if (this.#tensors.has(name)) return name;
		const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
		const message: TensorMessage = {name, dims: [...shape], dataType: ELEMENT_TYPES[type]};
		this.#tensors.set(name, message);
		if (bytes.length < EXTERNAL_FROM_BYTES) {
			message.rawData = bytes.slice();
			return name;
		}
		const offset = await this.#data.append(bytes);
		message.dataLocation = 1;
		message.externalData = [
			{key: 'location', value: `${basename(this.#path)}.data`},
			{key: 'offset', value: String(offset)},
			{key: 'length', value: String(bytes.length)},
		];
		return name;
	}

	/** A small list of integers, as shapes and axes are given. */
	integers(...values: readonly number[]): Value {
		return this.#smallTensor(
			`integers_${values.join('_')}`,
			'int64',
			[values.length],
			BigInt64Array.from(values, BigInt),
		);
	}

	integer(value: number): Value {
		return this.#smallTensor(`integer_${value}`, 'int64', [], BigInt64Array.of(BigInt(value)));
	}

	float(value: number): Value {
		return this.#smallTensor(`float_${value}`, 'float32', [], Float32Array.of(value));
	}

	int8(value: number): Value {
		return this.#smallTensor(`int8_${value}`, 'int8', [], Int8Array.of(value));
	}

	uint8(value: number): Value {
		return this.#smallTensor(`uint8_${value}`, 'uint8', [], Uint8Array.of(value));
	}

	/** Writes the graph; the builder is of no use afterwards. */
	async write(): Promise<void> {
		await this.#data.close();
		const bytes = encodeModel({
			irVersion: IR_VERSION,
			producerName: 'infinisst',
			opsetImport: [
				{domain: '', version: OPERATOR_SET},
				{domain: ONNXRUNTIME_DOMAIN, version: 1},
			],
			graph: {
				name: this.#name,
				node: this.#nodes,
				initializer: [...this.#tensors.values()],
				input: this.#inputs,
				output: this.#outputs,
			},
		});
		await writeFile(this.#path, bytes, {flag: 'wx'});
	}

	/** Gives up the graph and closes its data file. */
	async destroy(): Promise<void> {
		await this.#data.close();
	}

	#smallTensor(name: string, type: ElementType, shape: readonly number[], data: TensorData): Value {
		if (!this.#tensors.has(name)) {
			const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
			this.#tensors.set(name, {name, dims: [...shape], dataType: ELEMENT_TYPES[type], rawData});
		}
		return name;
	}

	#newName(operator: string): string {
		return `${operator}_${this.#count++}`;
	}
}

function valueInfo(name: string, type: ElementType, shape: readonly (number | string)[]): ValueInfoMessage {
	const dim = shape.map(size => (typeof size === 'number' ? {dimValue: size} : {dimParam: size}));
	return {name, type: {tensorType: {elemType: ELEMENT_TYPES[type], shape: {dim}}}};
}

/** Numbers of AttributeProto.AttributeType. */
function attribute(name: string, value: AttributeValue): AttributeMessage {
	if (typeof value === 'number') return {name, type: 1, f: value};
	if (typeof value === 'bigint') return {name, type: 2, i: Number(value)};
	if (typeof value === 'string') return {name, type: 3, s: new TextEncoder().encode(value)};
	return {name, type: 7, ints: [...value]};
}
