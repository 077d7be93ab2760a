import {expect, it} from 'vitest';
import {z} from 'zod';

import {
	ParameterError,
	readParameters,
	type ParameterShape,
} from '../../../../src/server/compatible/parameters.js';
import {catchError} from '../../../helpers/catch-error.js';

const shape = {
	name: z.string(),
	size: z.int().default(2),
	timeout: z.number().optional(),
	isOn: z.boolean().default(false),
};

function issues(query: unknown, body: unknown, asked: ParameterShape = shape): unknown {
	const error = catchError(() => readParameters({query, body}, asked));
	expect(error).toBeInstanceOf(ParameterError);
	return (error as ParameterError).detail;
}

it('takes the query before the body, and ignores what it does not know', () => {
	const query = {name: 'query', other: 'x'};
	const body = {name: 'body', size: 3, constructor: 'x'};
	expect(readParameters({query, body}, shape)).toEqual({name: 'query', size: 3, isOn: false});
});

it.each([
	[{size: '4'}, {size: 4}],
	[{size: ' 4 '}, {size: 4}],
	[{size: '4.0'}, {size: 4}],
	[{timeout: '1e2'}, {timeout: 100}],
	[{timeout: '-.5'}, {timeout: -0.5}],
	[{isOn: 'true'}, {isOn: true}],
	[{isOn: '1'}, {isOn: true}],
	[{isOn: 'YES'}, {isOn: true}],
	[{isOn: 'on'}, {isOn: true}],
	[{isOn: 'off'}, {isOn: false}],
	[{isOn: ''}, {isOn: false}],
	[{isOn: 1}, {isOn: true}],
	[{size: null}, {size: 2}],
	[{size: ['1', '3']}, {size: 3}],
])('reads %j as %j', (query, expected) => {
	expect(readParameters({query: {name: 'n', ...query}, body: undefined}, shape)).toMatchObject(expected);
});

it.each([
	[{size: 'two'}, 'int_parsing', 'a whole number'],
	[{size: '2.5'}, 'int_parsing', 'a whole number'],
	[{size: ''}, 'int_parsing', 'a whole number'],
	[{size: '0x10'}, 'int_parsing', 'a whole number'],
	[{size: '1e999'}, 'int_parsing', 'a whole number'],
	[{size: true}, 'int_parsing', 'a whole number'],
	[{timeout: 'soon'}, 'float_parsing', 'a number'],
	[{timeout: 'Infinity'}, 'float_parsing', 'a number'],
	[{isOn: 'maybe'}, 'bool_parsing', 'true or false'],
	[{isOn: 2}, 'bool_parsing', 'true or false'],
	[{name: 5}, 'string_type', 'a text'],
	[{name: {a: 1}}, 'string_type', 'a text'],
])('refuses %j, and says where and what it should be', (body, type, kind) => {
	const [name] = Object.keys(body);
	expect(issues({}, {name: 'n', ...body})).toEqual([
		{loc: ['body', name], msg: `Input should be ${kind}`, type},
	]);
});

it('tells of all that is wrong at once, and of what is missing', () => {
	expect(issues({size: 'x', isOn: 'perhaps'}, undefined)).toEqual([
		{loc: ['query', 'name'], msg: 'Field required', type: 'missing'},
		{loc: ['query', 'size'], msg: 'Input should be a whole number', type: 'int_parsing'},
		{loc: ['query', 'isOn'], msg: 'Input should be true or false', type: 'bool_parsing'},
	]);
});

it.each([[[]], ['text'], [5]])('refuses a body that is no object: %j', body => {
	expect(issues({name: 'n'}, body)).toMatchObject([{loc: ['body'], type: 'dict_type'}]);
});

it('does not take what every object has for a parameter', () => {
	expect(issues({}, {}, {toString: z.string()})).toMatchObject([{type: 'missing'}]);
});
