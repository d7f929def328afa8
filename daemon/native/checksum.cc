/* CRC-32 as of zlib and PNG: Node's own comes with all of zlib, which takes milliseconds to load.
 */
#include "native.h"

#include <array>

namespace sessionman
{

static constexpr uint32_t POLYNOMIAL = 0xedb88320;

static constexpr std::array<uint32_t, 256> make_table()
{
	std::array<uint32_t, 256> table = {};
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;
		for (int bit = 0; bit < 8; bit++)
			value = (value & 1) != 0 ? POLYNOMIAL ^ (value >> 1) : value >> 1;
		table[i] = value;
	}
	return table;
}

static constexpr std::array<uint32_t, 256> TABLE = make_table();

/* checksum(text): of its UTF-8. */
static Napi::Value checksum(Args info)
{
	std::string text;
	if (!text_at(info, 0, &text))
		return info.Env().Undefined();
	uint32_t value = 0xffffffff;
	for (unsigned char byte : text)
		value = TABLE[(value ^ byte) & 0xff] ^ (value >> 8);
	return Napi::Number::New(info.Env(), value ^ 0xffffffff);
}

void export_checksum(Napi::Env env, Napi::Object exports)
{
	exports.Set("checksum", Napi::Function::New<checksum>(env));
}

} // namespace sessionman
