// Stands for three.js's decoder of compressed meshes, which compiles WebAssembly as soon as it is read: the policy of
// this page allows none, and our models are not compressed.

export const MeshoptDecoder = { supported: false, ready: Promise.resolve() };
