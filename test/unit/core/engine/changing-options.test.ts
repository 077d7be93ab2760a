import {expect, it} from 'vitest';

import {ChangingOptions} from '../../../../src/core/engine/changing-options.js';

const FIRST = {sourceLanguage: 'en', targets: ['de'], latencyMultiplier: 2} as const;
const TERMS = [{source: 'bank', target: 'Ufer'}];

it('has the changes that a checkpoint has seen, and no others', () => {
	const changing = new ChangingOptions(FIRST, 3);
	changing.note({latencyMultiplier: 4});
	changing.note();
	changing.note({glossary: TERMS});
	expect(changing.reached).toBe(FIRST);
	changing.reach(4);
	expect(changing.reached).toEqual({...FIRST, latencyMultiplier: 4});
	const before = changing.reached;
	changing.reach(5);
	expect(changing.reached).toBe(before);
	changing.reach(6);
	expect(changing.reached).toEqual({...FIRST, latencyMultiplier: 4, glossary: TERMS});
	changing.reach(6);
	changing.note({latencyMultiplier: 1});
	changing.reach(7);
	expect(changing.reached).toEqual({...FIRST, latencyMultiplier: 1, glossary: TERMS});
});
