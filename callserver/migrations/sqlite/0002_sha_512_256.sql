-- The third hash of a device's secret (RFC 8760). Devices that were made before have none: it cannot be made up for.
ALTER TABLE devices ADD COLUMN ha1_sha512_256 BLOB CHECK (ha1_sha512_256 IS NULL OR length(ha1_sha512_256) = 32);
