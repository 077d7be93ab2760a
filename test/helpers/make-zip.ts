import {crc32} from 'node:zlib';

/** A zip file with members as they are, uncompressed. */
export function makeZip(members: Readonly<Record<string, Buffer>>): Buffer {
	const locals: Buffer[] = [];
	const directory: Buffer[] = [];
	let offset = 0;
	for (const [name, bytes] of Object.entries(members)) {
		const nameBytes = Buffer.from(name);
		// Fields that both headers share: version, flags, method, time, date, checksum, sizes, name length, extra length.
		const shared = Buffer.alloc(26);
		shared.writeUInt16LE(20, 0);
		shared.writeUInt16LE(0x5821, 8);
		shared.writeUInt32LE(crc32(bytes), 10);
		shared.writeUInt32LE(bytes.length, 14);
		shared.writeUInt32LE(bytes.length, 18);
		shared.writeUInt16LE(nameBytes.length, 22);
		const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, nameBytes, bytes]);
		const attributes = Buffer.alloc(14);
		attributes.writeUInt32LE(offset, 10);
		locals.push(local);
		directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), shared, attributes, nameBytes]));
		offset += local.length;
	}
	const entries = Buffer.concat(directory);
	const end = Buffer.alloc(22);
	end.write('PK\x05\x06', 'latin1');
	end.writeUInt16LE(directory.length, 8);
	end.writeUInt16LE(directory.length, 10);
	end.writeUInt32LE(entries.length, 12);
	end.writeUInt32LE(offset, 16);
	return Buffer.concat([...locals, entries, end]);
}
