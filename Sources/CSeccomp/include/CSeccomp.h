#ifndef CSECCOMP_H
#define CSECCOMP_H
#include "filter.h"
#include "launch_plan.h"
#endif
