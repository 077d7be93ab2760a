/**
 * Exports of a language model as the hub has them, best first: those of 8 bits are the fastest on processors, then 4 bits,
 * then floats.
 */
const NAMES = ['model_quantized', 'model_int8', 'model_q4', 'model_bnb4', 'model'];

/**
 * The files of one export: its graph, and weights beside it.
 *
 * @param paths - relative, with `/`; of `onnx/` or the folder itself.
 * @returns empty if there is none.
 */
export function selectExport(paths: readonly string[]): string[] {
	for (const name of NAMES) {
		for (const folder of ['onnx/', '']) {
			const graph = `${folder}${name}.onnx`;
			if (!paths.includes(graph)) continue;
			return [
				graph,
				...paths.filter(path => path.startsWith(`${graph}_data`) || path === `${graph}.data`).sort(),
			];
		}
	}
	return [];
}
