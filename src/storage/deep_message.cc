#include "src/storage/deep_message.h"

#include <google/protobuf/io/coded_stream.h>

#include <cstdint>

namespace stele::storage {

bool ParseDeepMessage(std::string_view bytes, int depth_max,
                      google::protobuf::MessageLite* message) {
  const auto size = static_cast<int>(bytes.size());
  // The quick way suffices for all that people send.
  if (message->ParseFromArray(bytes.data(), size)) return true;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                               size);
  input.SetRecursionLimit(depth_max);
  return message->ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

}  // namespace stele::storage
