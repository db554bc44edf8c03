import { libraries } from './contract/libraries.ts';
import { holdThroughResharding } from './resharding.ts';

holdThroughResharding(libraries);
