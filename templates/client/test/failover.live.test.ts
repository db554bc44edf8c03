import { libraries } from './contract/libraries.ts';
import { holdThroughFailovers } from './failovers.ts';

holdThroughFailovers(libraries);
