/**
 * Makes `spanish-synthesised.flac`, so that anybody can see where it came from:
 *
 *   node examples/synthesise-spanish.mjs
 *
 * Needs espeak-ng and ffmpeg. The voice is synthetic; the text is our own.
 */
import {execFileSync} from 'node:child_process';
import {rmSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const text =
	'El gobierno anunció un nuevo plan para mejorar la educación. ' +
	'Necesitamos más tiempo para terminar este trabajo. ' +
	'Los científicos dicen que el clima está cambiando en todo el mundo.';

const speech = fileURLToPath(new URL('spanish-synthesised.wav', import.meta.url));
const recording = fileURLToPath(new URL('spanish-synthesised.flac', import.meta.url));
execFileSync('espeak-ng', ['-v', 'es', '-s', '155', '-w', speech, text]);
execFileSync('ffmpeg', [
	...['-loglevel', 'error', '-y', '-i', speech],
	...['-ar', '16000', '-ac', '1', '-sample_fmt', 's16', '-compression_level', '12'],
	...['-map_metadata', '-1', '-bitexact', recording],
]);
rmSync(speech);
