an editor's lock
