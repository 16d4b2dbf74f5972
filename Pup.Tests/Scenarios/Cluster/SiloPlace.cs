using System.Net;

namespace Pup.Tests.Scenarios.Cluster;

/// <summary>Where a silo's process runs.</summary>
/// <param name="Address">The address by which other silos reach it.</param>
/// <param name="Enter">What goes before its command, so that it runs there; empty for the test's own network.</param>
internal sealed record SiloPlace(IPAddress Address, string[] Enter);
