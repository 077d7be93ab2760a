import {describeWithShared} from '../../helpers/shared.js';
import {testExactPrecision} from '../../helpers/test-exact-precision.js';
import {describeWithWhisperBase} from '../../helpers/whisper-base.js';

describeWithShared('whisper-base in fp32 against the reference implementation', () => {
	describeWithWhisperBase('on the development clips', () => testExactPrecision('fp32', 'all'));
});
