import {describe, expect, it} from 'vitest';
import {joinCombination, splitCombination} from '../../../../../src/core/models/store/combination.js';

describe('names of combinations', () => {
	it('are those of their models', () => {
		expect(joinCombination(['whisper-base', 'opus-mt-en-de'])).toBe('whisper-base+opus-mt-en-de');
		expect(splitCombination('whisper-base+opus-mt-en-de')).toEqual(['whisper-base', 'opus-mt-en-de']);
		expect(splitCombination('whisper-base')).toEqual(['whisper-base']);
		expect(splitCombination('folder+')).toEqual(['folder+']);
	});
});
