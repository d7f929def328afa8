// What pino would load to write to files and to threads of its own: lines go to a function.
module.exports = class {};
module.exports.isMainThread = true;
