package main

import "math"

const samplePeriod = 0.000997 // seconds of CPU, as long as no other is given

// cpu checks the samples of CPU: there are nearly as many as the process's CPU makes, the GC's parts are all of it, and
// the sites' allocating is some of it, none of it twice.
func cpu(r report, period float64) {
	if sampled := float64(r.GC.Samples) * period; !(sampled > 0.6*r.GC.ProcessCPU && sampled < 1.2*r.GC.ProcessCPU) {
		fail("%d samples are %.2f s, the process used %.2f s", r.GC.Samples, sampled, r.GC.ProcessCPU)
	}
	if r.GC.Share < 0.02 || r.GC.Share > 0.8 {
		fail("the GC has %.3f of the CPU", r.GC.Share)
	}
	sum := 0.0
	for _, part := range r.GC.Parts {
		sum += part
	}
	if len(r.GC.Parts) != 5 || math.Abs(sum-1) > 0.001 {
		fail("the parts of the GC's CPU: %v", r.GC.Parts)
	}
	seconds, assists := 0.0, 0.0
	for _, s := range r.Sites {
		if s.AllocCPU < s.AllocCPUCI[0] || s.AllocCPU > s.AllocCPUCI[1] {
			fail("%s: %v is not in %v", s.Function, s.AllocCPU, s.AllocCPUCI)
		}
		seconds += s.AllocCPU
		assists += s.AssistCPU
	}
	if seconds < 0.02*r.GC.ProcessCPU || seconds > 0.8*r.GC.ProcessCPU || assists > r.GC.Assists*1.001 {
		fail("allocating took %.3f s and assists %.3f of %.3f s", seconds, assists, r.GC.Assists)
	}
}
