/** Something that can be recorded from. */
export interface CaptureDevice {
	/** What the sound system calls it. */
	readonly name: string;
	/** What people call it: "Built-in Audio Analog Stereo". */
	readonly description: string | undefined;
	/** Whether the system records from it when none is named. */
	readonly isDefault: boolean;
}
