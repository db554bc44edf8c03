import { contracts } from './contract/contracts.ts';
import { holdContracts } from './contract/ground.ts';
import { libraries } from './contract/libraries.ts';

holdContracts('sentinel', libraries, contracts);
