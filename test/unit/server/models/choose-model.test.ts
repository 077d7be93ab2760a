import {describe, expect, it} from 'vitest';
import {chooseModel, listPairs, type ModelCandidate} from '../../../../src/server/models/choose-model.js';
import {catchError} from '../../../helpers/catch-error.js';

function model(name: string, change: Partial<ModelCandidate> = {}): ModelCandidate {
	const state = change.state ?? 'available';
	return {
		name,
		parts: [{name, sizeBytes: change.sizeBytes ?? 1000, isInstalled: state !== 'needs_download'}],
		state,
		isInstalled: state !== 'needs_download',
		sizeBytes: 1000,
		sourceLanguages: ['en', 'de', 'it'],
		targets: ['same', 'en'],
		activity: undefined,
		fraction: undefined,
		failure: undefined,
		...change,
	};
}

const toEnglish = {sourceLanguage: 'de', targets: ['en']};

describe('chooseModel()', () => {
	it.each<[string, readonly ModelCandidate[]]>([
		['a loaded one', [model('wanted', {state: 'loaded'}), model('other', {state: 'loading'})]],
		['one that is being loaded', [model('wanted', {state: 'loading'}), model('other')]],
		['an installed one', [model('wanted'), model('other', {state: 'failed'})]],
		[
			'one that failed but is there',
			[model('wanted', {state: 'failed'}), model('other', {state: 'needs_download'})],
		],
		[
			'one to fetch',
			[model('wanted', {state: 'needs_download'}), model('other', {state: 'failed', isInstalled: false})],
		],
	])('prefers %s to the next best, whichever stands first', (_title, candidates) => {
		expect(chooseModel(candidates, toEnglish).name).toBe('wanted');
		expect(chooseModel([...candidates].reverse(), toEnglish).name).toBe('wanted');
	});

	it('takes the first among equals, and only one that can do all that is asked for', () => {
		const candidates = [model('captions', {targets: ['same']}), model('first'), model('second')];
		expect(chooseModel(candidates, toEnglish).name).toBe('first');
		expect(chooseModel(candidates, {sourceLanguage: 'auto', targets: ['same']}).name).toBe('captions');
		expect(chooseModel(candidates, {sourceLanguage: 'auto', targets: ['same', 'en']}).name).toBe('first');
	});

	it('puts together what several languages need, with one model that hears', () => {
		const ear = {name: 'ear', sizeBytes: 1000, isInstalled: true};
		const combination = (name: string, target: string): ModelCandidate => {
			const text = {name, sizeBytes: 100, isInstalled: false};
			const targets = ['same', 'en', target];
			return model(`ear+${name}`, {state: 'needs_download', parts: [ear, text], targets});
		};
		const other = model('other+c', {
			parts: [
				{name: 'other', sizeBytes: 1, isInstalled: true},
				{name: 'c', sizeBytes: 1, isInstalled: true},
			],
			targets: ['same', 'fr'],
		});
		const candidates = [model('ear', {parts: [ear]}), combination('a', 'it'), combination('b', 'zh'), other];
		const chosen = chooseModel(candidates, {sourceLanguage: 'en', targets: ['zh', 'same', 'it']});
		expect(chosen).toMatchObject({
			name: 'ear+b+a',
			state: 'needs_download',
			sizeBytes: 1200,
			isInstalled: false,
		});
		expect(chosen.targets).toEqual(['same', 'en', 'zh', 'it']);
		// There is one that writes French, but it hears with another model.
		expect(() => chooseModel(candidates, {sourceLanguage: 'en', targets: ['zh', 'fr']})).toThrow(
			/does not translate|translates/,
		);
	});

	it('puts together what is there, or nearly, before it fetches one that writes all', () => {
		const ear = {name: 'ear', sizeBytes: 1000, isInstalled: true};
		const combination = (name: string, target: string, sizeBytes: number): ModelCandidate =>
			model(`ear+${name}`, {
				state: 'needs_download',
				parts: [ear, {name, sizeBytes, isInstalled: false}],
				targets: ['same', target],
			});
		const large = combination('large', 'it', 500);
		const all = {...large, targets: ['same', 'it', 'zh']};
		const small = [combination('a', 'it', 100), combination('b', 'zh', 100)];
		const request = {sourceLanguage: 'en', targets: ['it', 'zh']};
		expect(chooseModel([all, ...small], request).name).toBe('ear+a+b');
		expect(chooseModel([all, combination('a', 'it', 100), combination('b', 'zh', 450)], request).name).toBe(
			'ear+large',
		);
		const installed = {...all, state: 'available', isInstalled: true} as const;
		expect(chooseModel([installed, ...small], request).name).toBe('ear+large');
	});

	it('takes a target that is spoken for captions', () => {
		const captions = model('captions', {targets: ['same']});
		expect(chooseModel([captions], {sourceLanguage: 'it', targets: ['it']}).name).toBe('captions');
	});

	it('takes the one that is named, though another is loaded', () => {
		const candidates = [model('loaded', {state: 'loaded'}), model('named')];
		expect(chooseModel(candidates, {...toEnglish, model: 'named'}).name).toBe('named');
	});

	it('says what is possible where nothing is', () => {
		const error = catchError(() =>
			chooseModel([model('one'), model('two')], {sourceLanguage: 'en', targets: ['zh']}),
		);
		expect(error).toMatchObject({
			code: 'LANGUAGE_PAIR_UNSUPPORTED',
			message: 'No model here translates English into Chinese',
			hint: 'Possible from English, German, Italian: captions in the language spoken (target "same"), and translations into English.',
		});
		const named = catchError(() =>
			chooseModel([model('one')], {...toEnglish, targets: ['de', 'zh'], model: 'one'}),
		);
		expect(named).toMatchObject({message: 'one does not translate German into Chinese'});
		const spoken = catchError(() => chooseModel([model('one')], {sourceLanguage: 'ja', targets: ['same']}));
		expect(spoken).toMatchObject({message: 'No model here understands Japanese'});
		const captions = catchError(() =>
			chooseModel([model('one', {targets: ['en']})], {sourceLanguage: 'de', targets: ['same'], model: 'one'}),
		);
		expect(captions).toMatchObject({message: 'one does not write captions of German'});
	});

	it('names the closest model where there is none of that name', () => {
		const error = catchError(() =>
			chooseModel([model('whisper-base')], {...toEnglish, model: 'whisper-bas'}),
		);
		expect(error).toMatchObject({
			code: 'MODEL_UNKNOWN',
			message: 'No model "whisper-bas" is known here; did you mean "whisper-base"?',
		});
	});
});

describe('listPairs()', () => {
	it('tells each pair once, with the model that would do it', () => {
		const pairs = listPairs([
			model('large', {state: 'needs_download', sourceLanguages: ['en', 'de', 'ja'], sizeBytes: 5000}),
			model('base', {state: 'loading', sourceLanguages: ['en', 'de']}),
		]);
		expect(pairs).toEqual([
			{source: 'en', target: 'same', state: 'available', model: 'base', downloadBytes: 0},
			{source: 'de', target: 'same', state: 'available', model: 'base', downloadBytes: 0},
			{source: 'de', target: 'en', state: 'available', model: 'base', downloadBytes: 0},
			{source: 'ja', target: 'same', state: 'needs_download', model: 'large', downloadBytes: 5000},
			{source: 'ja', target: 'en', state: 'needs_download', model: 'large', downloadBytes: 5000},
		]);
		const parts = [
			{name: 'base', sizeBytes: 5000, isInstalled: true},
			{name: 'text', sizeBytes: 300, isInstalled: false},
		];
		const combined = model('base+text', {
			state: 'needs_download',
			sourceLanguages: ['en'],
			targets: ['it'],
			parts,
		});
		expect(listPairs([combined])).toMatchObject([{state: 'needs_download', downloadBytes: 300}]);
		expect(listPairs([model('base', {state: 'loaded', sourceLanguages: ['en']})])).toEqual([
			{source: 'en', target: 'same', state: 'loaded', model: 'base', downloadBytes: 0},
		]);
	});
});
