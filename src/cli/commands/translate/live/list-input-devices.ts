import type {CommandContext} from '../../../command-context.js';
import {writeText} from '../../../write-text.js';
import {formatTable} from '../../models/format-table.js';

/** `--list-input-devices`: what `--input-device` takes, best first. */
export async function listInputDevices(
	{json}: {readonly json: boolean},
	{
		stdout,
		stderr,
		env,
		platform,
		signal,
	}: Pick<CommandContext, 'stdout' | 'stderr' | 'env' | 'platform' | 'signal'>,
): Promise<void> {
	const {listMicrophones} = await import('../../../../core/audio/capture/find-microphone.js');
	const microphones = await listMicrophones({platform, environment: env, signal});
	const devices = microphones.map(({device, recorder}) => ({
		name: device?.name ?? '',
		description: device?.description ?? 'the default, which cannot be named',
		isDefault: device?.isDefault ?? true,
		system: recorder.system,
		program: recorder.program,
	}));
	if (json) {
		await writeText(stdout, devices.map(device => `${JSON.stringify(device)}\n`).join(''), signal);
		return;
	}

	if (devices.length === 0) {
		stderr.write('No microphone was found. Check that one is connected and that the sound server runs.\n');
		return;
	}

	const rows = devices.map(device => [
		device.name,
		`${device.description}${device.isDefault ? ' (default)' : ''}`,
		`${device.system}, ${device.program}`,
	]);
	await writeText(stdout, formatTable(['NAME', 'DESCRIPTION', 'THROUGH'], rows), signal);
}
