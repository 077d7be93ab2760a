import {describeWithShared} from '../../helpers/shared.js';
import {testExactPrecision} from '../../helpers/test-exact-precision.js';
import {describeWithWhisperBase} from '../../helpers/whisper-base.js';

describeWithShared('whisper-base in fp16w against the reference implementation', () => {
	describeWithWhisperBase('on the development clips', () => testExactPrecision('fp16w', 'texts'));
});
