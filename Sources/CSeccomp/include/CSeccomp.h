/* Everything C that Swift may use. */
#ifndef CSECCOMP_H
#define CSECCOMP_H
#include "control.h"
#include "crash_core.h"
#include "driver_sockets.h"
#include "drivers.h"
#include "events.h"
#include "filter.h"
#include "janitor.h"
#include "kernel.h"
#include "launch_plan.h"
#include "launcher.h"
#include "packets.h"
#include "plan_check.h"
#include "poller.h"
#include "probe.h"
#include "service_bytes.h"
#include "service_network.h"
#include "service_sockets.h"
#include "spawn.h"
#endif
