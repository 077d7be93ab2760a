import protobuf from 'protobufjs/light.js';

/**
 * The part of ONNX's protocol buffer schema that this program writes and reads (field numbers from
 * onnx/onnx.proto, IR version 9). Unknown fields are skipped on reading.
 */
const SCHEMA: protobuf.INamespace = {
	nested: {
		OperatorSetIdProto: {fields: {domain: {type: 'string', id: 1}, version: {type: 'int64', id: 2}}},
		StringStringEntryProto: {fields: {key: {type: 'string', id: 1}, value: {type: 'string', id: 2}}},
		TensorProto: {
			fields: {
				dims: {rule: 'repeated', type: 'int64', id: 1},
				dataType: {type: 'int32', id: 2},
				floatData: {rule: 'repeated', type: 'float', id: 4},
				int32Data: {rule: 'repeated', type: 'int32', id: 5},
				int64Data: {rule: 'repeated', type: 'int64', id: 7},
				name: {type: 'string', id: 8},
				rawData: {type: 'bytes', id: 9},
				externalData: {rule: 'repeated', type: 'StringStringEntryProto', id: 13},
				dataLocation: {type: 'int32', id: 14},
			},
		},
		Dimension: {fields: {dimValue: {type: 'int64', id: 1}, dimParam: {type: 'string', id: 2}}},
		TensorShapeProto: {fields: {dim: {rule: 'repeated', type: 'Dimension', id: 1}}},
		TensorTypeProto: {fields: {elemType: {type: 'int32', id: 1}, shape: {type: 'TensorShapeProto', id: 2}}},
		TypeProto: {fields: {tensorType: {type: 'TensorTypeProto', id: 1}}},
		ValueInfoProto: {fields: {name: {type: 'string', id: 1}, type: {type: 'TypeProto', id: 2}}},
		AttributeProto: {
			fields: {
				name: {type: 'string', id: 1},
				f: {type: 'float', id: 2},
				i: {type: 'int64', id: 3},
				s: {type: 'bytes', id: 4},
				t: {type: 'TensorProto', id: 5},
				g: {type: 'GraphProto', id: 6},
				floats: {rule: 'repeated', type: 'float', id: 7},
				ints: {rule: 'repeated', type: 'int64', id: 8},
				type: {type: 'int32', id: 20},
			},
		},
		NodeProto: {
			fields: {
				input: {rule: 'repeated', type: 'string', id: 1},
				output: {rule: 'repeated', type: 'string', id: 2},
				name: {type: 'string', id: 3},
				opType: {type: 'string', id: 4},
				attribute: {rule: 'repeated', type: 'AttributeProto', id: 5},
				domain: {type: 'string', id: 7},
			},
		},
		GraphProto: {
			fields: {
				node: {rule: 'repeated', type: 'NodeProto', id: 1},
				name: {type: 'string', id: 2},
				initializer: {rule: 'repeated', type: 'TensorProto', id: 5},
				input: {rule: 'repeated', type: 'ValueInfoProto', id: 11},
				output: {rule: 'repeated', type: 'ValueInfoProto', id: 12},
			},
		},
		ModelProto: {
			fields: {
				irVersion: {type: 'int64', id: 1},
				producerName: {type: 'string', id: 2},
				graph: {type: 'GraphProto', id: 7},
				opsetImport: {rule: 'repeated', type: 'OperatorSetIdProto', id: 8},
			},
		},
	},
};

const modelType = protobuf.Root.fromJSON(SCHEMA).lookupType('ModelProto');

/** Numbers of ONNX's element types (TensorProto.DataType). */
export const ELEMENT_TYPES = {
	float32: 1,
	uint8: 2,
	int8: 3,
	int32: 6,
	int64: 7,
	bool: 9,
	float16: 10,
} as const;

export type ElementType = keyof typeof ELEMENT_TYPES;

export interface TensorMessage {
	dims?: number[];
	dataType?: number;
	floatData?: number[];
	int32Data?: number[];
	int64Data?: number[];
	name?: string;
	rawData?: Uint8Array;
	externalData?: {key: string; value: string}[];
	/** 1 where the data lies in a file of its own. */
	dataLocation?: number;
}

export interface ValueInfoMessage {
	name: string;
	type: {tensorType: {elemType: number; shape: {dim: ({dimValue: number} | {dimParam: string})[]}}};
}

export interface AttributeMessage {
	name: string;
	type: number;
	f?: number;
	i?: number;
	s?: Uint8Array;
	t?: TensorMessage;
	g?: GraphMessage;
	floats?: number[];
	ints?: number[];
}

export interface NodeMessage {
	input: string[];
	output: string[];
	name?: string;
	opType: string;
	attribute?: AttributeMessage[];
	domain?: string;
}

export interface GraphMessage {
	name?: string;
	node: NodeMessage[];
	initializer?: TensorMessage[];
	input?: ValueInfoMessage[];
	output?: ValueInfoMessage[];
}

export interface ModelMessage {
	irVersion: number;
	producerName: string;
	graph: GraphMessage;
	opsetImport: {domain: string; version: number}[];
}

export function encodeModel(model: ModelMessage): Uint8Array {
	return modelType.encode(modelType.fromObject(model)).finish();
}

/** Reads a model; 64-bit numbers become plain numbers, absent lists empty ones. */
export function decodeModel(bytes: Uint8Array): ModelMessage {
	return modelType.toObject(modelType.decode(bytes), {longs: Number, arrays: true}) as ModelMessage;
}
