export { connect } from './connect.standalone.js';
