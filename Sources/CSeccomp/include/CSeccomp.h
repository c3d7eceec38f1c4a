#ifndef CSECCOMP_H
#define CSECCOMP_H
#include "launch_plan.h"
#include "probe.h"
#endif
