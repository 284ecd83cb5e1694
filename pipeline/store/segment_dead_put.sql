-- what one row is: the superseded rows of a segment
-- in: :segment, :dead (how many), :bitmap
INSERT INTO segment_dead (segment, dead, bitmap) VALUES (:segment, :dead, :bitmap)
ON CONFLICT (segment) DO UPDATE SET dead = excluded.dead, bitmap = excluded.bitmap;
