import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** One direction of imports (docs/architecture): bin -> cli -> server -> core, cli -> history -> core. */
const forbidImportsFrom = (...rooms) => ({
	'no-restricted-imports': [
		'error',
		{
			patterns: rooms.map(room => ({
				regex: `(^|/)${room}/`,
				message: `This room may not import from ${room}/.`,
			})),
		},
	],
});

export default tseslint.config(
	{ignores: ['dist/', 'node_modules/', 'coverage/', 'bench/results/', 'test/fixtures/']},
	js.configs.recommended,
	...tseslint.configs.strictTypeChecked,
	...tseslint.configs.stylisticTypeChecked,
	{
		languageOptions: {
			parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname},
			globals: {console: 'readonly', process: 'readonly', Buffer: 'readonly', URL: 'readonly'},
		},
		rules: {
			'@typescript-eslint/consistent-type-imports': 'error',
			'@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true, allowBoolean: true}],
			'@typescript-eslint/no-non-null-assertion': 'off',
			'@typescript-eslint/no-confusing-void-expression': ['error', {ignoreArrowShorthand: true}],
			'@typescript-eslint/only-throw-error': ['error', {allowThrowingUnknown: true, allowThrowingAny: false}],
			'@typescript-eslint/switch-exhaustiveness-check': 'error',
			eqeqeq: 'error',
		},
	},
	{files: ['src/core/**'], rules: forbidImportsFrom('cli', 'server', 'history')},
	{files: ['src/server/**', 'src/history/**'], rules: forbidImportsFrom('cli')},
	{files: ['**/*.js', '**/*.mjs'], extends: [tseslint.configs.disableTypeChecked]},
	prettier,
);
