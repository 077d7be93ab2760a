import {describe, expect, it} from 'vitest';
import {CATALOGUE, type WheelsSourceEntry} from '../../../../../src/core/models/catalogue/catalogue.js';
import {findLanguage} from '../../../../../src/core/language/language-table.js';
import {isModelName} from '../../../../../src/core/models/store/safe-path.js';

describe('CATALOGUE', () => {
	it('has the sizes of Whisper that were promised, base being the default', () => {
		expect(CATALOGUE.defaultModel).toBe('whisper-base');
		const hearing = CATALOGUE.models.filter(({family}) => family === 'whisper');
		expect(hearing.map(model => model.name)).toEqual([
			'whisper-tiny',
			'whisper-base',
			'whisper-small',
			'whisper-medium',
			'whisper-large-v3',
			'whisper-large-v3-turbo',
		]);
	});

	it.each(CATALOGUE.models.map(model => [model.name, model] as const))(
		'says all there is to say of %s',
		(_name, model) => {
			expect(isModelName(model.name)).toBe(true);
			for (const codes of [model.languages, model.targets ?? []]) {
				expect(new Set(codes).size).toBe(codes.length);
				for (const code of codes) expect(findLanguage(code)?.code).toBe(code);
			}
			if (model.family === 'whisper') {
				expect(model.languages.length).toBeGreaterThanOrEqual(99);
				expect(model.tasks).toContain('transcribe');
			} else {
				expect(model.languages).toContain('en');
				expect(model.targets).not.toEqual([]);
				expect(model.tasks).toEqual(['translate-text']);
			}
			expect(model.licence).not.toBe('');
			expect(model.downloadBytes).toBeGreaterThan(50_000_000);
			expect(model.sources.length).toBeGreaterThan(0);
			for (const source of model.sources) {
				if (source.kind === 'hub') expect(source.repository).toMatch(/^[\w.-]+\/[\w.-]+$/);
			}
		},
	);

	it.each(['de', 'es', 'it', 'zh'])('has a small model for English into %s', code => {
		const able = CATALOGUE.models.filter(({targets}) => targets?.includes(code));
		expect(Math.min(...able.map(({downloadBytes}) => downloadBytes))).toBeLessThan(200_000_000);
	});

	it('does not promise translation of the model that was not trained for it', () => {
		const turbo = CATALOGUE.models.find(model => model.name === 'whisper-large-v3-turbo');
		expect(turbo!.tasks).toEqual(['transcribe']);
	});

	it('pins every wheel and every file that is taken out of one, by parts that exist', () => {
		const wheels = CATALOGUE.models
			.flatMap(model => model.sources)
			.filter((source): source is WheelsSourceEntry => source.kind === 'wheels');
		expect(wheels).toHaveLength(1);
		for (const source of wheels) {
			for (const pinned of [...source.wheels, ...source.files]) {
				expect(pinned.sha256).toMatch(/^[0-9a-f]{64}$/);
				expect(pinned.sizeBytes).toBeGreaterThan(0);
			}
			for (const part of source.files.flatMap(file => file.parts)) {
				expect(source.wheels[part.wheel]).toBeDefined();
			}
		}
	});
});
