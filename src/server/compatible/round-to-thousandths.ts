/** As figures are shown: nobody reads more digits. */
export function roundToThousandths(value: number): number {
	return Math.round(value * 1000) / 1000;
}
