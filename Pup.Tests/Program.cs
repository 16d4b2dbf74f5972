using Pup.Tests.Operations;
using Pup.Tests.Scenarios.Chaos;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Scenarios.Worker;

// Scenarios that kill or freeze a process start this assembly again as a worker or a silo; all else is the test runner.
if (args is [ScenarioWorker.Command, var settings])
    return await ScenarioWorker.RunAsync(settings);
if (args is [ClusterSilo.Command, .. var arguments])
    return await ClusterSilo.RunAsync(arguments);
if (args is [WaitForSilo.Command, .. var options])
    return await WaitForSilo.RunAsync(options);
if (args is [ChaosSilo.Command, var seed, .. var flags])
    return await ChaosSilo.RunAsync(seed, flags);

return args.Any(static argument => argument is "--server" or "--internal-msbuild-node")
    ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, Pup.Tests.SelfRegisteredExtensions.AddSelfRegisteredExtensions)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
