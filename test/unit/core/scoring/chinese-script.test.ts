import {expect, it} from 'vitest';
import {foldToSimplifiedChinese} from '../../../../src/core/scoring/chinese-script.js';

it('folds traditional characters to simplified ones and leaves everything else alone', () => {
	expect(foldToSimplifiedChinese('廣州市房地產中介協會分析')).toBe('广州市房地产中介协会分析');
	expect(foldToSimplifiedChinese('广州市 2011 年 ABC')).toBe('广州市 2011 年 ABC');
});
