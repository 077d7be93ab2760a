import type {PolicyName} from '../../engine/engine.js';
import {alignAtt} from './align-att.js';
import type {CommitPolicy} from './commit-policy.js';
import {localAgreement} from './local-agreement.js';
import {waitK} from './wait-k.js';

const POLICIES: Readonly<Record<PolicyName, CommitPolicy>> = {
	'align-att': alignAtt,
	'local-agreement': localAgreement,
	'wait-k': waitK,
};

export function findPolicy(name: PolicyName): CommitPolicy {
	return POLICIES[name];
}
