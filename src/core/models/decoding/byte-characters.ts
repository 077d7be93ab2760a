/** Of GPT-2's printable characters for bytes (Radford et al. 2019): the byte that each stands for. */
export const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = listBytes();

function listBytes(): Map<string, number> {
	const bytes = new Map<string, number>();
	const isPrintable = (byte: number): boolean =>
		(byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
	let moved = 256;
	for (let byte = 0; byte < 256; byte++) {
		bytes.set(String.fromCharCode(isPrintable(byte) ? byte : moved++), byte);
	}
	return bytes;
}
