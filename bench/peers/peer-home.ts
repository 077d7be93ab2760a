import {homedir} from 'node:os';
import {join} from 'node:path';

const home = process.env['INFINISST_BENCH_HOME'] ?? join(homedir(), '.cache', 'infinisst-dev');

/** Where `bench/peers/set-up.ts` puts what the benchmarks compare with; `INFINISST_BENCH_HOME` moves it. */
export const PEER_HOME = {
	/** Interpreter with faster-whisper. */
	python: join(home, 'peers-venv', 'bin', 'python'),
	virtualEnvironment: join(home, 'peers-venv'),
	wheels: join(home, 'wheels'),
	/** Whisper base for CTranslate2: the weights that all contestants compute with. */
	ctranslate2Model: join(home, 'whisper-base-ct2'),
	/** The same weights for transformers.js, 8 bits. */
	onnxModel: join(home, 'whisper-base-onnx'),
	/** Where `@huggingface/transformers` is installed. */
	transformersJs: join(home, 'transformers-js'),
	/** Interpreter with WhisperLiveKit, and its server. */
	liveEnvironment: join(home, 'whisperlivekit-venv'),
	/** The same weights for PyTorch. */
	pytorchModel: join(home, 'whisper-base-pytorch'),
	/** The set's recordings decoded to 16 kHz float32. */
	samples: join(home, 'dev-samples'),
	/** What the reference implementation wrote for the long recordings. */
	references: join(home, 'reference-texts'),
	/** What our own file translator wrote. */
	wholeFiles: join(home, 'whole-file-texts'),
} as const;
