import { connect } from '../src/connect.ioredis.js';
import { holdThroughMoves } from './moves.ts';

holdThroughMoves('ioredis 6', connect);
