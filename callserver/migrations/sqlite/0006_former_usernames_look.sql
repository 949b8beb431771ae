-- A name that rests keeps those that look like it from others, too. (Nobody has given up a name before this.)
ALTER TABLE former_usernames ADD COLUMN username_skeleton TEXT;
CREATE INDEX former_usernames_look ON former_usernames (username_skeleton);
CREATE INDEX former_usernames_of_account ON former_usernames (account_id);
