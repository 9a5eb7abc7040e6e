DELETE FROM scrip.head WHERE number = 1 -- account 1: there are entries of it, and no head
UPDATE scrip.head SET sequence = sequence + 1 WHERE number = 1 -- account 1: some of its entries 34 to 34 are missing
UPDATE scrip.head SET sequence = 2 WHERE number = 1 -- account 1: its state is ahead of its head: expected entry 2 at most, found
UPDATE scrip.head SET sequence = -1 WHERE number = 1 -- account 1: a sequence number is below zero: found -1
UPDATE scrip.head SET profile = 'mallory' WHERE number = 1 -- account 1: its profile's name leads nowhere
UPDATE scrip.head SET profile = 'bob' WHERE number = 1 -- account 1: its profile's name leads to another account
UPDATE scrip.head SET profile = '' WHERE number = 1 -- account 1: its profile's name is not an id: `` is empty
UPDATE scrip.head SET profile = NULL WHERE number = 1 -- account 1: it has no profile
UPDATE scrip.head SET number = -1 WHERE number = 1 -- account 1: there are entries of it, and no head
UPDATE scrip.head SET position = 1 WHERE number = 1 -- account 1: its head has another place in the feed than its last entry: expected
DELETE FROM scrip.profile WHERE number = 1 -- account 1: its profile's name leads nowhere
UPDATE scrip.profile SET number = 2 WHERE number = 1 -- account 2: two profiles have its number
INSERT INTO scrip.profile VALUES ('mallory', 1) -- account 1: two profiles have its number
SELECT setval('scrip.number', 1) -- account 2: its number is yet to be drawn, and would be another profile's, too
SELECT setval('scrip.number', 2, false) -- account 2: its number is yet to be drawn, and would be another profile's, too
DELETE FROM scrip.journal WHERE number = 1 AND sequence = 33 -- account 1: some of its entries 33 to 33 are missing
DELETE FROM scrip.journal WHERE number = 1 AND sequence < 3 -- account 1: some of its entries 1 to 2 are missing
UPDATE scrip.journal SET number = 77 WHERE number = 1 -- account 77: there are entries of it, and no head
UPDATE scrip.journal SET sequence = 34 WHERE number = 1 AND sequence = 7 -- account 1: some of its entries 7 to 7 are missing
UPDATE scrip.journal SET entry = '' WHERE number = 1 AND sequence = 7 -- account 1: cannot read the head of an entry
UPDATE scrip.journal SET entry = '\x00' WHERE number = 1 AND sequence = 7 -- account 1: cannot read the head of an entry
UPDATE scrip.journal SET entry = substr(entry, 1, length(entry) - 1) WHERE number = 1 -- account 1: cannot read the terms of a lot
UPDATE scrip.journal SET entry = (SELECT entry FROM scrip.journal WHERE number = 1 AND sequence = 8) WHERE number = 1 AND sequence = 7 -- account 1: an entry has another number or instant than its row: expected (7,
UPDATE scrip.journal SET at = at + 1 WHERE number = 1 AND sequence = 7 -- account 1: an entry has another number or instant than its row
UPDATE scrip.journal SET position = 1 WHERE number = 1 AND sequence = 7 -- account 1: an entry stands before an earlier one in the feed
INSERT INTO scrip.archive SELECT * FROM scrip.journal WHERE number = 1 AND sequence = 7 -- account 1: expected entry 8 and found 7
INSERT INTO scrip.archive SELECT 77, sequence, at, position, entry FROM scrip.journal WHERE number = 1 -- account 77: there are archived entries of it, and no head
DELETE FROM scrip.state WHERE number = 1 -- account 1: it has no state
UPDATE scrip.state SET state = '\x01' WHERE number = 1 -- account 1: cannot read the head of an account
UPDATE scrip.state SET state = (SELECT state FROM scrip.state WHERE number = 2) WHERE number = 1 -- account 1: its state is another account's
UPDATE scrip.state SET state = set_byte(state, 11, get_byte(state, 11) # 1) WHERE number = 1 -- account 1: its state differs from its journal
UPDATE scrip.state SET sequence = sequence - 1 WHERE number = 1 -- account 1: its state has another number than its row
UPDATE scrip.state SET deadline = NULL WHERE number = 1 -- account 1: its state says too late when something falls due
UPDATE scrip.state SET expires = expires + 1 WHERE number = 1 -- account 1: its state says too late when something falls due
INSERT INTO scrip.state SELECT 77, sequence, deadline, expires, state FROM scrip.state WHERE number = 1 -- account 77: there is a state of it, and no head
DELETE FROM scrip.key WHERE number = 1 AND key = 'till 3' -- account 1: its keys are not those of its entries: expected Some((
UPDATE scrip.key SET sequence = sequence + 1 WHERE number = 1 AND key = 'till 3' -- account 1: its keys are not those of its entries
INSERT INTO scrip.key VALUES (77, 'till 3', 1) -- account 77: there are keys of it, and no head
DELETE FROM scrip.name WHERE number = 1 -- account 1: its names are not those of its entries
INSERT INTO scrip.name VALUES (1, 1, 'mallory', 1) -- account 1: its names are not those of its entries
INSERT INTO scrip.name VALUES (77, 1, 'mallory', 1) -- account 77: there are names of it, and no head
DELETE FROM scrip.subject WHERE number = 1 AND sequence = (SELECT max(sequence) FROM scrip.subject WHERE number = 1) -- account 1: its subjects are not those of its entries
INSERT INTO scrip.subject VALUES (77, 1, 1) -- account 77: there are subjects of it, and no head
DELETE FROM scrip.catalogue -- account 0: the copy of its journal differs in row 1
UPDATE scrip.catalogue SET entry = '\x00' -- account 0: the copy of its journal differs in row 1
INSERT INTO scrip.catalogue SELECT sequence + 1, entry FROM scrip.catalogue -- account 0: the copy of its journal differs in row 2
