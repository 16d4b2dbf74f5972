using Pup.Silo;
using Pup.Silo.Demo;

return await PupHost.RunAsync(args, DemoProjections.AddTo);
