/// @file kimistream.hpp
/// @brief All of the library's public names.
#pragma once

#include "kimistream/accumulator.hpp"
#include "kimistream/client.hpp"
#include "kimistream/error.hpp"
#include "kimistream/event.hpp"
#include "kimistream/files.hpp"
#include "kimistream/headers.hpp"
#include "kimistream/json.hpp"
#include "kimistream/message.hpp"
#include "kimistream/model.hpp"
#include "kimistream/provider.hpp"
#include "kimistream/request.hpp"
#include "kimistream/retry.hpp"
#include "kimistream/scripted_transport.hpp"
#include "kimistream/sse.hpp"
#include "kimistream/stream.hpp"
#include "kimistream/timeout.hpp"
#include "kimistream/tokens.hpp"
#include "kimistream/transport.hpp"
#include "kimistream/version.hpp"
