import type {CommitPolicy} from './commit-policy.js';

/**
 * Local agreement with n = 2 (Liu, Spanakis, Niehues 2020, arXiv 2005.11185): what two looks in a row agree on is
 * settled. Needs no attention of the model.
 */
export const localAgreement: CommitPolicy = {
	name: 'local-agreement',
	settle({tokens}, {previous}) {
		if (previous === undefined) return 0;
		const differs = tokens.findIndex((token, place) => token !== previous[place]);
		return differs < 0 ? tokens.length : differs;
	},
};
