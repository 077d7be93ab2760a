import {describe, expect, it} from 'vitest';
import {TermPlaces} from '../../../../../../src/core/translation/text/agent/term-places.js';

const pump = {term: 'Wärmepumpe', tokens: [1, 2, 3]};
const house = {term: 'Bürgerhaus', tokens: [4]};

describe('TermPlaces', () => {
	it('gives the place where the model came nearest to a term', () => {
		const places = new TermPlaces(0);
		places.note(0, [pump], [-9]);
		places.note(3, [pump], [-2]);
		places.note(5, [pump], [-4]);
		expect(places.take()).toMatchObject({at: 3, tokens: [1, 2, 3]});
	});

	it('gives the first of several terms, and the others a place behind it', () => {
		const places = new TermPlaces(0);
		places.note(1, [pump, house], [-8, -1]);
		places.note(4, [pump, house], [-1, -2]);
		expect(places.take()).toMatchObject({at: 1, tokens: [4]});
		// All behind it is written anew.
		places.note(1, [pump], [-1]);
		expect(places.take()).toBeUndefined();
		places.note(2, [pump], [-5]);
		expect(places.take()).toMatchObject({at: 2, tokens: [1, 2, 3]});
	});

	it('gives each term one place, so that an answer comes to its end', () => {
		const places = new TermPlaces(0);
		places.note(2, [house], [-1]);
		expect(places.take()).toMatchObject({at: 2});
		places.note(4, [house], [-1]);
		expect(places.take()).toBeUndefined();
	});

	it('gives no place within what must stay, nor one for a term that is there by now', () => {
		const places = new TermPlaces(4);
		places.note(3, [pump], [-1]);
		expect(places.take()).toBeUndefined();
		places.note(4, [pump], [-1]);
		places.note(8, [], []);
		expect(places.take()).toBeUndefined();
	});
});
