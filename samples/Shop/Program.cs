using Pup.Silo;
using Shop.Load;
using Shop.Projections;
using Shop.Web;

return args switch
{
    [] or [['-', ..], ..] => await ShopWeb.RunAsync(args, hasSilo: true),
    ["web", .. var flags] => await ShopWeb.RunAsync(flags, hasSilo: false),
    ["silo" or "projections", .. var flags] => await PupHost.RunAsync(["--auto-migrate=true", .. flags], ShopProjections.AddTo),
    ["load", .. var flags] => await LoadCommand.RunAsync(flags),
    _ => await RefuseAsync(args[0]),
};

static async Task<int> RefuseAsync(string command)
{
    await Console.Error.WriteLineAsync($"Shop: '{command}' is no command. It is `Shop` for web and silo in one process, `Shop web`, `Shop silo`, or `Shop load --rate 500 --seconds 10`.");
    return 2;
}

/// <summary>Not for others, though the platform would make it public.</summary>
internal sealed partial class Program;
