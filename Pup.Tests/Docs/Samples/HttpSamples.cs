using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Pup.Client;
using Pup.Client.Http;
using Pup.Grains;
using Pup.Silo;

namespace Pup.Tests.Docs.Samples;

internal static class HttpSamples
{
    #region http
    public static WebApplication Build(WebApplicationBuilder builder, Action<PupBuilder> addProjections)
    {
        // Leave this line out where the silos are processes of their own.
        builder.UseOrleans(silo => addProjections(silo.UsePupClustering().AddPup()));
        builder.AddPupClient();
        builder.Services.AddPupHttp();

        var app = builder.Build();
        app.MapPupHealth("/health");
        app.MapPup("/pup");
        return app;
    }
    #endregion

    #region http-policies
    public static void MapForOwnUsers(WebApplication app) => app.MapPup("/pup", options =>
    {
        options.ReadPolicy = "employees";
        options.OperatePolicy = "operators";
    });
    #endregion
}
