import { connect } from '../src/connect.js';
import { holdThroughMoves } from './moves.ts';

holdThroughMoves('node-redis 6', connect);
