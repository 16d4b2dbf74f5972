using Pup.Silo;
using Shop.Load;
using Shop.Projections;
using Shop.Web;

return args switch
{
    ["--help" or "-h" or "-?" or "help", ..] => Explain(),
    [] or [['-', ..], ..] => await ShopWeb.RunAsync(args, hasSilo: true),
    ["web", .. var flags] => await ShopWeb.RunAsync(flags, hasSilo: false),
    ["silo" or "projections", .. var flags] => await PupHost.RunAsync(["--auto-migrate=true", .. flags], ShopProjections.AddTo),
    ["load", .. var flags] => await LoadCommand.RunAsync(flags),
    _ => await RefuseAsync(args[0]),
};

static int Explain()
{
    Console.WriteLine("""
        Shop                                 web and silo in one process
        Shop web                             the web alone; another port by --urls http://localhost:5001
        Shop silo                            a silo alone, and all commands of pup: Shop silo list
        Shop load --rate 500 --seconds 10    customers

        DATABASE_URL names the database of all of them: postgres://user:password@localhost:5432/shop
        """);
    return 0;
}

static async Task<int> RefuseAsync(string command)
{
    await Console.Error.WriteLineAsync($"Shop: '{command}' is no command. It is `Shop` for web and silo in one process, `Shop web`, `Shop silo`, or `Shop load --rate 500 --seconds 10`.");
    return 2;
}

/// <summary>Not for others, though the platform would make it public.</summary>
internal sealed partial class Program;
