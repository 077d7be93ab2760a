/** For flags that may be given again. */
export function collect(value: string, others: readonly string[] = []): readonly string[] {
	return [...others, value];
}
